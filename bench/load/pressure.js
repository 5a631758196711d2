import { cpuOf } from './measure.js';

/** @typedef {{ perCpuSecond: number, server: number, load: number }} Pressure `perCpuSecond`: operations per second of the server's CPU. `server`, `load`: the cores that the server and this process used. */

/** The interval between two readings of the server's CPU, in milliseconds. */
const lookMs = 20;

/**
 * Calls `work` on each lane repeatedly, until the server has computed for `cpuMs` (at most thrice as long by the clock)
 * or `turns` calls are made.
 *
 * @template L
 * @param {{ pid: number, lanes: readonly L[], cpuMs?: number, turns?: number, per?: number }} load `per`: the number
 * of operations in one call.
 * @param {(lane: L, turn: number) => Promise<unknown>} work
 * @returns {Promise<Pressure>}
 */
export async function pressure({ pid, lanes, cpuMs, turns = Number.POSITIVE_INFINITY, per = 1 }, work) {
  const begun = performance.now();
  const [serverBefore, ownBefore] = [cpuOf(pid), process.cpuUsage()];
  let [next, done, isOver] = [0, 0, false];
  const look = () => {
    if (cpuMs === undefined) return;
    isOver = (cpuOf(pid) - serverBefore) * 1_000 >= cpuMs || performance.now() - begun >= 3 * cpuMs;
  };
  const looking = setInterval(look, lookMs);
  try {
    await Promise.all(
      lanes.map(async (lane) => {
        while (next < turns && !isOver) {
          await work(lane, next++);
          done += 1;
        }
      }),
    );
  } finally {
    clearInterval(looking);
  }
  const seconds = (performance.now() - begun) / 1_000;
  const spent = Math.max(0.001, cpuOf(pid) - serverBefore);
  const { user, system } = process.cpuUsage(ownBefore);
  return { perCpuSecond: (done * per) / spent, server: spent / seconds, load: (user + system) / 1e6 / seconds };
}
