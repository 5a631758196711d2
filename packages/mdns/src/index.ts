export { diagnose } from './doctor.ts';
export type { MdnsOptions } from './mdns-options.ts';
export { mdns } from './mdns-registry.ts';
