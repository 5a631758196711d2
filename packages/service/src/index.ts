export type { AdapterDescriptor, CommonRegistryOptions, RegistryFactory } from '@rollcall/core/adapter';
export type { NetServer, ServerLike } from './address/server-like.ts';
export { createService } from './create-service.ts';
export { findAdapter, type ProgramPlace, type Registries, type RegistryName } from './registries/find-adapter.ts';
export { type LoadRegistryOptions, loadRegistry, openAdapter } from './registries/load-registry.ts';
export {
  addRegistryOptions,
  type OptionTarget,
  readSetting,
  type SettingSources,
  type Settings,
  type Sourced,
  tokenVariable,
} from './registries/settings.ts';
export type { ServiceEvents, ServiceOptions, ServiceRuntime, ServiceStatus } from './service-options.ts';
