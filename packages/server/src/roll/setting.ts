/** Pure: the result of a set call on a listed instance. */
import { limits, type Metadata, RegistryError } from '@rollcall/core';
import { readContent } from './content.ts';
import type { Listing } from './holders.ts';
import type { Instance } from './instance.ts';
import type { InstanceRef } from './instance-ref.ts';
import { writeWithin } from './registration.ts';

/** An operator's changes of a listed instance, whichever client holds it. Absent fields stay as they are. */
export interface Setting extends InstanceRef {
  readonly status?: 'up' | 'out' | undefined;
  /** Metadata of the node, merged into the stored metadata. */
  readonly metadata?: Metadata | undefined;
}

/**
 * The instance after the change. Its lease goes on and is not renewed, since an operator's call does not show that the
 * instance lives.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for too much metadata, `RESOURCE_EXHAUSTED` for a node that is too large.
 */
function applySetting(instance: Instance, { status, metadata }: Setting, wallNow: number): Instance {
  const content = readContent(instance.content);
  const merged = { ...content.metadata, ...metadata };
  if (Object.keys(merged).length > limits.maxMetadataPairs) {
    const message = `metadata of ${instance.id} of ${instance.service} would have ${Object.keys(merged).length} pairs; at most ${limits.maxMetadataPairs} are allowed`;
    throw new RegistryError('INVALID_ARGUMENT', message, { registry: 'server' });
  }
  const next = status ?? instance.status;
  const comesUp = instance.status === 'out' && next === 'up';
  return {
    ...instance,
    ...writeWithin(instance, { ...content, metadata: merged }),
    status: next,
    dirtyAt: wallNow,
    changedAt: wallNow,
    upAt: comesUp ? wallNow : instance.upAt,
  };
}

/** The listed instances after several settings; several for one instance are applied in order. */
export function applySettings(
  settings: readonly Setting[],
  find: (ref: InstanceRef) => Listing | undefined,
  wallNow: number,
): ReadonlyMap<Listing, Instance> {
  const changes = new Map<Listing, Instance>();
  for (const setting of settings) {
    const listing = find(setting);
    if (listing === undefined) continue;
    changes.set(listing, applySetting(changes.get(listing) ?? listing.instance, setting, wallNow));
  }
  return changes;
}
