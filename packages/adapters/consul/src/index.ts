export { adapter } from './consul-adapter.ts';
export type { ConsulOptions, ConsulTls } from './consul-options.ts';
export { consul } from './consul-registry.ts';
