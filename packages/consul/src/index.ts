export type { ConsulOptions, ConsulTls } from './consul-options.ts';
export { consul } from './consul-registry.ts';
