/** What the roll takes in memory, roughly. The figures are measured on rolls that were filled until they were refused. */
/** Bytes of an instance besides its content: an entry of a map, its lease, its state in self-protection. */
const instanceCost = 1_200;
/** Bytes that one byte of content takes: a text with a letter that is not Latin takes two bytes for each. */
const contentFactor = 2;
/** Bytes of an environment with its self-protection. */
export const environmentCost = 9_000;
/** Bytes of a recently evicted id. */
export const departureCost = 1_000;

/** Bytes that an instance takes. */
export const costOf = ({ bytes }: { readonly bytes: number }): number => instanceCost + contentFactor * bytes;
