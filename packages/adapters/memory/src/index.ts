export { adapter } from './memory-adapter.ts';
export type { MemoryOptions } from './memory-options.ts';
export { memory } from './memory-registry.ts';
