export { createService } from './create-service.ts';
export {
  type CommonRegistryOptions,
  findFactory,
  type LoadRegistryOptions,
  loadAdapter,
  loadRegistry,
  type RegistryFactory,
  type RegistryName,
} from './load-registry.ts';
export type { NetServer, ServerLike } from './server-like.ts';
export type { ServiceEvents, ServiceOptions, ServiceRuntime, ServiceStatus } from './service-options.ts';
export {
  addRegistryOptions,
  type OptionTarget,
  readSetting,
  type SettingSources,
  type Settings,
  type Sourced,
} from './settings.ts';
