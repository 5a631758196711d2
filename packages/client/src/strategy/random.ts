import type { RandomBelow } from '../picking.ts';

/**
 * Random integers without allocation. `Math.random` makes an object of each number: ten collections in ten million
 * picks. This is Xorshift with 32 bits of state in a typed array, since a variable of a closure would become an object
 * too.
 */
export function smallRandom(): RandomBelow {
  const state = new Int32Array([(Math.random() * 0x7fff_ffff) | 1]);
  return (below) => {
    let bits = state[0] ?? 1;
    bits ^= bits << 13;
    bits ^= bits >>> 17;
    bits ^= bits << 5;
    state[0] = bits;
    // The lowest bits are the weakest.
    return (bits >>> 2) % below;
  };
}
