// Run: node bench/self-protection.js. It measures the cost of an event of self-protection by the size of the
// environment: the cost must not grow with it.
import { Protection } from '../packages/server/dist/protection/index.js';

const lease = { ttlMs: 90_000, renewIntervalMs: 30_000 };

/** @param {number} size */
function measure(size) {
  const protection = new Protection({ enabled: true });
  /** @param {(index: number) => void} event */
  const perEvent = (event) => {
    const from = performance.now();
    for (let index = 0; index < size; index += 1) event(index);
    return `${(((performance.now() - from) / size) * 1_000).toFixed(1)} us`;
  };
  const register = perEvent((index) => protection.registered('app', `${index}`, lease, 0));
  protection.advance(60_000);
  const expire = perEvent((index) => protection.expired('app', `${index}`, 90_000));
  // All nodes are held, so each return is judged at once.
  const back = perEvent((index) => {
    const member = protection.member('app', `${index}`);
    if (member !== undefined) protection.renewed(member, 100_000);
    protection.advance(100_000);
  });
  const deploy = perEvent((index) => {
    const now = 100_001 + index;
    protection.cancelled('app', `${index}`, now);
    protection.registered('app', `n${index}`, lease, now);
    protection.advance(now);
  });
  return { size, register, expire, 'return, judged': back, 'replace, judged': deploy };
}

console.table([1_000, 10_000, 100_000].map(measure));
