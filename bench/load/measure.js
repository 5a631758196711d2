import { readdirSync, readFileSync } from 'node:fs';

/** Returns the CPU time that a process has used in all its threads, in seconds. @param {number} pid */
export function cpuOf(pid) {
  try {
    // `schedstat` counts nanoseconds; `stat` counts only hundredths of a second.
    const threads = readdirSync(`/proc/${pid}/task`);
    const spent = threads.map((thread) =>
      Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
    );
    return spent.reduce((sum, each) => sum + each, 0) / 1e9;
  } catch {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }
}

/** Returns the resident memory of a process, in bytes. @param {number} pid */
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

/** Makes `count` calls; returns the CPU of this process per call, in microseconds. @param {number} count @param {(turn: number) => unknown} work */
export function cpuPerCall(count, work) {
  const before = process.cpuUsage();
  for (let turn = 0; turn < count; turn += 1) work(turn);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}
