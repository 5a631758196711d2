/** The memory of the roll, roughly. The figures were measured by filling rolls until the server refused more. */
/** Bytes of an instance besides its content: an entry of a map, its lease, its state in self-protection. */
const instanceCost = 1_200;
/** Bytes of memory per byte of content: V8 takes two bytes for each letter of a text that is not all Latin-1. */
const contentFactor = 2;
/** Bytes of an environment with its self-protection. */
export const environmentCost = 9_000;
/** Bytes of a recently evicted id. */
export const departureCost = 1_000;

/** Bytes that an instance takes. */
export const costOf = ({ bytes }: { readonly bytes: number }): number => instanceCost + contentFactor * bytes;
