export * from '@rollcall/client';
export * from '@rollcall/core';
export { type DiscoveryOptions, discovery } from '@rollcall/discovery';
export { type MemoryOptions, memory } from '@rollcall/memory';
export {
  type AdapterDescriptor,
  addRegistryOptions,
  type CommonRegistryOptions,
  type LoadRegistryOptions,
  type NetServer,
  type OptionTarget,
  type RegistryFactory,
  type RegistryName,
  type ServerLike,
  type ServiceEvents,
  type ServiceOptions,
  type ServiceRuntime,
  type ServiceStatus,
} from '@rollcall/service';
export { createService, loadRegistry } from './brought-along.ts';
