import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { perService } from '../peers/instances.js';
import { rollcall } from '../peers/rollcall.js';
import { fill, onPeer } from '../phases/on-peer.js';
import { full } from './scales.js';

/** The time limit of the client's measurements. */
const clientLimitMs = 180_000;
/** The time limit of the growth table; its largest rows come last. */
const growthLimitMs = 240_000;
const run = promisify(execFile);
const program = (/** @type {string} */ name) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** Measures what the client library costs a program, in a process of its own beside a server. @param {import('./scales.js').Scale} scale @returns {Promise<import('../report/report.js').Run['client']>} */
export async function clientSide(scale) {
  const { address, ...peer } = await rollcall();
  return onPeer(peer, 600_000, async (on) => {
    await fill(on, perService);
    const share = `${scale.ms / full.ms}`;
    const args = [program('client-side.js'), '--server', address, '--share', share];
    const { stdout } = await run(process.execPath, args, { timeout: clientLimitMs });
    return JSON.parse(stdout);
  });
}

/** Measures the in-process roll; returns the rows of the table that were ready in time. @param {import('./scales.js').Scale} scale */
export async function growth(scale) {
  const call = run(process.execPath, [program('growth.js'), '--most', `${Math.max(1_000, scale.huge)}`], {
    timeout: growthLimitMs,
  });
  const { stdout } = await call.catch((/** @type {{ stdout: string }} */ error) => {
    if (error.stdout === '') throw error;
    return error;
  });
  return stdout.trim();
}
