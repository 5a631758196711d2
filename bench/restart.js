// Run: node bench/restart.js [instances ...] (after a build). It measures how long a server with a data folder takes
// from its start until it is ready, by the number of stored instances, and its memory then. The benchmark first
// registers them by HTTP, 100 a call.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from '../scripts/bundle.js';
import { memoryOf } from './load/measure.js';
import { rollcall } from './peers/rollcall.js';
import { fill, onPeer } from './phases/on-peer.js';

const sizes = process.argv.slice(2).map(Number);

// An installed command runs its bundle, so the bundle is measured.
await bundle();
for (const size of sizes.length === 0 ? [10_000, 100_000] : sizes) {
  const { folder, ...peer } = await rollcall();
  await onPeer(peer, 600_000, async (on) => {
    const filling = performance.now();
    await fill(on, size);
    const perSecond = Math.round(size / ((performance.now() - filling) / 1_000));
    await peer.kill();
    const began = performance.now();
    await peer.restart();
    const seconds = (performance.now() - began) / 1_000;
    const [rss, bytes] = [memoryOf(peer.pid()), statSync(join(folder(), 'roll.db')).size];
    console.log(
      `${size} instances: ready after ${seconds.toFixed(2)} s, RSS ${Math.round(rss / 1_048_576)} MB, store ${Math.round(bytes / size)} bytes per instance; registered at ${perSecond}/s`,
    );
  });
}
