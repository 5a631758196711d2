/** Keeps a hash within V8's small integers on every build: a larger number would be allocated. */
const smallInteger = 0x3fff_ffff;

/** A hash of text that every client computes alike: FNV-1a with murmur3's final mix, cut to 30 bits. */
export function hash(text: string, seed: number): number {
  let value = 0x811c_9dc5 ^ seed;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x0100_0193);
  value ^= value >>> 16;
  value = Math.imul(value, 0x85eb_ca6b);
  value ^= value >>> 13;
  value = Math.imul(value, 0xc2b2_ae35);
  value ^= value >>> 16;
  return value & smallInteger;
}

/** Seeds, so that the decisions by one hash are independent of those by another. */
export const seeds = { slot: 1, offset: 2, skip: 3, split: 4, zone: 5, subset: 6 } as const;
