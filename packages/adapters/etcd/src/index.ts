export { adapter } from './etcd-adapter.ts';
export type { EtcdOptions } from './etcd-options.ts';
export { etcd } from './etcd-registry.ts';
