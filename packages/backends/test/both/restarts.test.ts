import { setTimeout as pause } from 'node:timers/promises';
import { describe, type ExpectStatic, it } from 'vitest';
import { addressesOf, Roll } from './roll.ts';
import { subjects } from './subjects.ts';

// If a Consul agent fails to report to its servers, it tries again only 15 to 30 s later.
const within = (expect: ExpectStatic) => (holds: () => unknown) => expect.poll(holds, { timeout: 60_000 });
const ttlMs = 3_000;

const restarts = [
  { data: 'kept', awayMs: 0 },
  { data: 'kept', awayMs: 2 * ttlMs },
  { data: 'lost', awayMs: 0 },
  { data: 'lost', awayMs: 2 * ttlMs },
] as const;

// The tests run side by side, each on a backend of its own, since they mostly wait.
describe.for(subjects)(
  'after a restart of $name nodes that renew are there, and nodes that do not renew are gone',
  ({ prepare, open, truth }) => {
    it.concurrent.for(restarts)(
      'nodes that renew are on the roll after a restart with data $data and $awayMs ms of absence, and silent nodes are gone',
      { timeout: 120_000 },
      async ({ data, awayMs }, { expect, onTestFinished }) => {
        const eventually = within(expect);
        const cleanUps: (() => unknown)[] = [];
        onTestFinished(async () => {
          for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
        });
        const { process: backend, address } = await prepare();
        cleanUps.push(() => backend.dispose());
        await backend.start();
        const [owner, silent, reader] = [open(address), open(address), open(address)];
        for (const registry of [owner, silent, reader]) cleanUps.push(() => registry.close({ withdraw: false }));
        const roll = new Roll(reader, 'fleet');
        const renew = () =>
          owner.register(
            { name: 'fleet', nodes: [{ id: 'lives', address: '10.0.0.1:80' }] },
            { ttlMs, renewIntervalMs: 500 },
          );
        await renew();
        await silent.register({ name: 'fleet', nodes: [{ id: 'silent', address: '10.0.0.2:80' }] }, { ttlMs });
        await eventually(() => roll.addresses).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
        const renewing = setInterval(() => void renew().catch(() => {}), 500);
        cleanUps.push(() => clearInterval(renewing));

        if (data === 'lost') await backend.wipe();
        await backend.kill();
        // The absence is shorter or longer than the TTL; the test can wait only for the time to pass.
        await pause(awayMs);
        await backend.start();

        await eventually(() => truth(address, 'fleet').catch(() => [])).toEqual(['10.0.0.1:80']);
        await eventually(() => roll.addresses).toEqual(['10.0.0.1:80']);
        await eventually(() => roll.synced).toBe(true);
        await eventually(() => addressesOf(reader, 'fleet').catch(() => [])).toEqual(['10.0.0.1:80']);
        expect(await truth(address, 'fleet')).toEqual(['10.0.0.1:80']);
      },
    );
  },
);
