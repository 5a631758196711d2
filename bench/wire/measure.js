import { readFileSync } from 'node:fs';

/** What a process has computed, in all its threads, in seconds; the kernel counts in hundredths. @param {number} pid */
export function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory of a process in bytes. @param {number} pid */
export const memoryOf = (pid) =>
  Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {readonly number[]} values @param {number} share */
export const quantile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
};

/** @param {readonly number[]} values */
export const median = (values) => quantile(values, 0.5);

/**
 * Calls `work` on each lane again and again; answers what was done per second of the server's CPU.
 *
 * @template L
 * @param {{ pid: number, lanes: readonly L[], ms?: number, turns?: number, per?: number }} load Until `ms` are over, or `turns` are done.
 * @param {(lane: L, turn: number) => Promise<unknown>} work
 */
export async function perCpuSecond(
  { pid, lanes, ms = Number.POSITIVE_INFINITY, turns = Number.POSITIVE_INFINITY, per = 1 },
  work,
) {
  const [cpuBefore, end] = [cpuOf(pid), performance.now() + ms];
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
  return (done * per) / Math.max(0.01, cpuOf(pid) - cpuBefore);
}
