import { manualClock } from '@rollcall/core/testing';
import { afterEach, expect, it } from 'vitest';
import { instance, type Running, running } from './http.ts';

let server: Running | undefined;
afterEach(() => server?.server.close());

it('a register with takeOver: false leaves an id to the client whose lease runs, and writes nothing of its call', async () => {
  const clock = manualClock();
  server = await running({ clock });
  const { register, list, ask } = server;
  const { data } = await register(instance({ version: '1' }));
  const other = instance({ hostname: 'b' });
  const answer = await register(other, instance({ version: '2', takeOver: false }));
  expect(answer).toMatchObject({ status: 409, code: 409, data: null });
  expect(answer.message).toContain('node a of web is held by another client');
  expect(await list()).toMatchObject([{ hostname: 'a', version: '1' }]);
  expect(await ask('PUT', '/api/leases', data.handles)).toMatchObject({ data: { statuses: [200] } });

  // Without `takeOver: false` the register takes the id over; once the lease has ended, the id is free.
  expect((await register(instance({ version: '2' }))).status).toBe(200);
  await clock.advance(3_500);
  expect((await register(instance({ version: '3', takeOver: false }))).status).toBe(200);
  expect(await list()).toMatchObject([{ hostname: 'a', version: '3' }]);
  expect((await list())[0]).not.toHaveProperty('takeOver');
});
