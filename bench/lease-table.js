// Run: node bench/lease-table.js (after a build). It measures the cost of one renewal and of one expiry among a million
// leases, beside a scan of a plain map for expired entries.
import { LeaseTable } from '../packages/core/dist/adapter/index.js';

const count = 1_000_000;
const ids = Array.from({ length: count }, (_, index) => `service\0node-${index}`);
const table = new LeaseTable();
/** @param {number} operations @param {() => void} work */
function measure(operations, work) {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1_000 / operations;
}
const grant = measure(count, () =>
  ids.forEach((id, index) => void table.set(id, index, [10_000, 30_000, 90_000][index % 3] ?? 0, 0)),
);
let seed = 1;
const random = () => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
};
const renewals = 1_000_000;
const renew = measure(renewals, () => {
  for (let index = 0; index < renewals; index += 1) table.renew(ids[Math.floor(random() * count)] ?? '', index / 1_000);
});
let expired = 0;
const before = table.size;
const total = measure(1, () => {
  expired = table.expire(12_000).length;
});
const idle = measure(1_000, () => {
  for (let index = 0; index < 1_000; index += 1) table.expire(12_000);
});
const map = new Map(ids.map((id) => [id, 90_000]));
const scan = measure(1, () => {
  for (const [id, end] of map) if (end <= 12_000) map.delete(id);
});
console.log(`leases               ${before}`);
console.log(`grant                ${grant.toFixed(3)} us`);
console.log(`renewal, random      ${renew.toFixed(3)} us`);
console.log(`expiry               ${(total / Math.max(1, expired)).toFixed(3)} us each (${expired} expired)`);
console.log(
  `nothing expired      ${idle.toFixed(3)} us; a scan of a map of as many: ${scan.toFixed(0)} us (x${Math.round(scan / idle)})`,
);
