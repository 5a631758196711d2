export { adapter } from './mdns-adapter.ts';
export type { MdnsOptions } from './mdns-options.ts';
export { mdns } from './mdns-registry.ts';
