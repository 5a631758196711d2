import { cpuOf } from './measure.js';

/** @typedef {{ perCpuSecond: number, server: number, load: number }} Pressure Operations per second of the server's CPU; how busy the server and this process were, in cores. */

/**
 * Calls `work` on each lane again and again.
 *
 * @template L
 * @param {{ pid: number, lanes: readonly L[], ms?: number, turns?: number, per?: number }} load Until `ms` are over, or `turns` are done; `per`: operations of a call.
 * @param {(lane: L, turn: number) => Promise<unknown>} work
 * @returns {Promise<Pressure>}
 */
export async function pressure(
  { pid, lanes, ms = Number.POSITIVE_INFINITY, turns = Number.POSITIVE_INFINITY, per = 1 },
  work,
) {
  const begun = performance.now();
  const [serverBefore, ownBefore, end] = [cpuOf(pid), process.cpuUsage(), begun + ms];
  let next = 0;
  let done = 0;
  await Promise.all(
    lanes.map(async (lane) => {
      while (next < turns && performance.now() < end) {
        await work(lane, next++);
        done += 1;
      }
    }),
  );
  const seconds = (performance.now() - begun) / 1_000;
  const spent = Math.max(0.001, cpuOf(pid) - serverBefore);
  const { user, system } = process.cpuUsage(ownBefore);
  return { perCpuSecond: (done * per) / spent, server: spent / seconds, load: (user + system) / 1e6 / seconds };
}
