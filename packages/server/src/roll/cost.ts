/** What the roll takes in memory, roughly. The figures are measured on rolls that were filled until they were refused. */
import type { Value } from '@rollcall/core';
import type { Admission } from './registration.ts';

/** Bytes of an instance besides its content: an entry of a map, its lease, its state in self-protection. */
const instanceCost = 1_200;
/** Bytes that one byte of content takes as objects. */
const contentFactor = 3;
/** Bytes of an entry, such as a pair of metadata, besides its text: an object with keys of its own has a shape of its own. */
const entryCost = 150;
/** Entries that `instanceCost` covers. */
const freeEntries = 8;
/** Bytes of an environment with its self-protection. */
export const environmentCost = 8_000;
/** Bytes of a recently evicted id. */
export const departureCost = 1_000;

/** The parts of an instance that its cost depends on. */
export type Sized = Pick<Admission, 'bytes' | 'metadata' | 'serviceMetadata' | 'endpoints'>;

/** Bytes that an instance takes. Many small entries take more than their text. */
export const costOf = (instance: Sized): number =>
  instanceCost + contentFactor * instance.bytes + entryCost * Math.max(0, entriesOf(instance) - freeEntries);

function entriesOf({ metadata, serviceMetadata, endpoints }: Sized): number {
  return endpoints.reduce(
    (sum, { request, response, metadata: pairs = {} }) =>
      sum + 1 + valuesOf(request) + valuesOf(response) + Object.keys(pairs).length,
    Object.keys(metadata).length + Object.keys(serviceMetadata).length,
  );
}

const valuesOf = (value: Value | undefined): number =>
  value === undefined ? 0 : (value.values ?? []).reduce((sum, item) => sum + valuesOf(item), 1);
