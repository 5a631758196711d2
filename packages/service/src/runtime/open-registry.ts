import type { Registry } from '@rollcall/core';
import type { AdapterDescriptor } from '@rollcall/core/adapter';
import { findAdapter } from '../registries/find-adapter.ts';
import { adapterOf, chooseRegistry, commonOptions, openAdapter } from '../registries/load-registry.ts';
import { programPlace, readSetting, type SettingSources } from '../registries/settings.ts';
import type { ServiceOptions } from '../service-options.ts';
import type { StatusLines } from '../status-lines.ts';

/** A registry with the facts that the runtime needs. */
export interface OpenedRegistry {
  readonly registry: Registry;
  /** Undefined for a registry whose adapter is not known. */
  readonly adapter: AdapterDescriptor | undefined;
  /** Whether the runtime opened the registry, and so must close it. */
  readonly isOwn: boolean;
}

/**
 * The registry that code passes in or names; without one, the registry that flag, environment or default name.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a name that leads to no adapter.
 */
export async function openRegistry(
  { registry: given, registries = {}, logger }: ServiceOptions,
  sources: SettingSources,
  lines: StatusLines,
): Promise<OpenedRegistry> {
  const registry = await given;
  if (registry === undefined) {
    const chosen = await chooseRegistry({ ...sources, registries, logger });
    lines.info(chosen.explanation);
    return { registry: chosen.registry, adapter: chosen.adapter, isOwn: true };
  }
  const flag = readSetting('registry', sources);
  if (typeof registry === 'string') {
    if (flag !== undefined && flag.value !== registry) lines.warn(ignored(flag));
    const adapter = await findAdapter(registry, registries, programPlace());
    lines.info(`registry=${registry} (the program's choice)`);
    return { registry: openAdapter(adapter, { ...commonOptions(sources), logger }), adapter, isOwn: true };
  }
  // `loadRegistry` made this registry, so it is the registry that the flag names.
  const adapter = adapterOf(registry);
  if (flag !== undefined && adapter === undefined) lines.warn(ignored(flag));
  return { registry, adapter, isOwn: false };
}

const ignored = ({ source, value }: { readonly source: string; readonly value: string }): string =>
  `${source}=${value} is ignored: the program chooses its registry`;
