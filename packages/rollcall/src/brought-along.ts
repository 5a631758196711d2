/** The service runtime with the adapters of this package, so that a bundled program contains them. */
import type { Registry } from '@rollcall/core';
import { adapter as discovery } from '@rollcall/discovery';
import { adapter as memory } from '@rollcall/memory';
import * as service from '@rollcall/service';

const registries: service.Registries = Object.freeze({ memory, discovery });

/**
 * The registry that flag, environment or default name: `--registry`, `ROLLCALL_REGISTRY`, `MICRO_REGISTRY`. Memory and
 * discovery are included; other names are looked up as packages.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a name that leads nowhere (says what to install) or to no adapter.
 */
export function loadRegistry(options: service.LoadRegistryOptions = {}): Promise<Registry> {
  return service.loadRegistry({ ...options, registries: { ...registries, ...options.registries } });
}

/**
 * A service that registers at start, again on an interval, and deregisters on stop. The option `registry` decides
 * where; without it `--registry` or the environment does.
 *
 * @throws RegistryError `INVALID_ARGUMENT` when times do not fit together.
 */
export function createService(options: Parameters<typeof service.createService>[0]): service.ServiceRuntime {
  return service.createService({ ...options, registries: { ...registries, ...options.registries } });
}
