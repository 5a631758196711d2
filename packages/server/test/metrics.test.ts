import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '@rollcall/core/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServerOptions } from '../src/index.ts';
import { maxLabelledEnvironments } from '../src/server-options.ts';
import { instance, type Running, running, watch } from './http.ts';

let server: Running | undefined;
afterEach(async () => server?.server.close());

async function measured(options: ServerOptions = {}) {
  const clock = manualClock();
  const started = await running({ clock, ...options });
  server = started;
  const text = async () => (await fetch(`${started.url}/metrics`)).text();
  /** Every sample by its name with labels, as written. */
  const samples = async (): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await text())
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
  return { started, clock, text, samples };
}

const many = (count: number, over: (index: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, index) => instance({ hostname: `n${index}`, ...over(index) }));
const keyOf = ({ env, appid, hostname }: ReturnType<typeof instance>) => ({ env, appid, hostname });

describe('GET /metrics', () => {
  it('metrics count instances, services, registrations, renewals and departures by reason', async () => {
    const { started, clock, samples } = await measured();
    const { data } = await started.register(...many(3), instance({ env: 'f', appid: 'db', hostname: 'x' }));
    await started.register(instance({ hostname: 'forever', ttlMs: 0 }));
    expect(await samples()).toMatchObject({
      'rollcall_instances{env="e"}': 4,
      'rollcall_instances{env="f"}': 1,
      'rollcall_services{env="e"}': 1,
      'rollcall_removals_total{env="e",reason="ttl"}': 0,
      rollcall_environments: 2,
      rollcall_registrations_total: 5,
      rollcall_renewals_total: 0,
      rollcall_revision: 5,
      rollcall_warming: 0,
    });
    await started.register(instance({ hostname: 'n0' }));
    await started.ask('PUT', '/api/leases', data.handles);
    await started.ask('PUT', `/api/leases/${data.handles[1]}`);
    await started.ask('POST', '/api/cancel', { keys: [keyOf(instance({ hostname: 'n1' }))] });
    await clock.advance(3_500);
    expect(await samples()).toMatchObject({
      'rollcall_instances{env="e"}': 1,
      'rollcall_late_instances{env="e"}': 0,
      // Environment `f` has no instances left, but its series goes on.
      'rollcall_instances{env="f"}': 0,
      'rollcall_removals_total{env="e",reason="deregistered"}': 1,
      'rollcall_removals_total{env="e",reason="ttl"}': 2,
      'rollcall_removals_total{env="f",reason="ttl"}': 1,
      rollcall_environments: 1,
      rollcall_registrations_total: 6,
      // The first of the four handles had been taken over.
      rollcall_renewals_total: 4,
    });
  });

  it('metrics show late, missing and held instances, the threshold, and whether self-protection is on', async () => {
    const { started, clock, samples } = await measured({ protection: 'on' });
    const { data } = await started.register(...many(20));
    await clock.advance(900);
    await started.ask('PUT', '/api/leases', data.handles.slice(5));
    await clock.advance(900);
    await started.ask('PUT', '/api/leases', data.handles.slice(5));
    expect(await samples()).toMatchObject({
      'rollcall_late_instances{env="e"}': 5,
      'rollcall_missing_instances{env="e"}': 5,
      'rollcall_considered_instances{env="e"}': 20,
      'rollcall_tolerated_missing_instances{env="e"}': 3,
      'rollcall_protection_on{env="e"}': 1,
      'rollcall_held_instances{env="e"}': 0,
    });
    await clock.advance(900);
    await started.ask('PUT', '/api/leases', data.handles.slice(5));
    await clock.advance(900);
    expect(await samples()).toMatchObject({
      'rollcall_held_instances{env="e"}': 5,
      'rollcall_late_instances{env="e"}': 5,
    });
    await started.register(...many(5));
    expect(await samples()).toMatchObject({
      'rollcall_late_instances{env="e"}': 0,
      'rollcall_protection_on{env="e"}': 0,
    });
    await started.ask('POST', '/api/cancel', { keys: many(20).map(keyOf) });
    expect(await samples()).toMatchObject({ 'rollcall_late_instances{env="e"}': 0, 'rollcall_instances{env="e"}': 0 });
  });

  it('metrics show watches, the change log, the memory of the roll and the process', async () => {
    const { started, samples } = await measured();
    const events = watch(`${started.url}/api/watch?env=e`);
    await events.next();
    await started.register(instance({ metadata: { a: 'x'.repeat(1_000) } }));
    const seen = await samples();
    expect(seen).toMatchObject({
      rollcall_watches: 1,
      rollcall_watch_backlog_bytes: 0,
      rollcall_change_log_changes: 1,
    });
    expect(seen.rollcall_change_log_bytes).toBeGreaterThan(1_000);
    expect(seen.rollcall_roll_bytes).toBeGreaterThan(1_000);
    expect(seen.rollcall_roll_max_bytes).toBeGreaterThan(seen.rollcall_roll_bytes!);
    expect(seen.process_resident_memory_bytes).toBeGreaterThan(1_000_000);
    expect(seen).toHaveProperty('nodejs_eventloop_lag_p99_seconds');
    await events.return(undefined);
    await expect.poll(async () => (await samples()).rollcall_watches).toBe(0);
  });

  it('metrics show how long the store takes, and a server without a store has no such series', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'rollcall-metrics-'));
    try {
      const kept = await measured({ dataDir });
      await kept.started.register(instance());
      const seen = await kept.samples();
      expect(seen.rollcall_store_sync_duration_seconds_count).toBeGreaterThan(0);
      expect(seen).toMatchObject({ rollcall_store_unwritable: 0, rollcall_store_failures_total: 0 });
      await kept.started.server.close();
      const { text } = await measured();
      expect(await text()).not.toContain('rollcall_store');
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  it('metrics count requests by route, and every unknown path under one name', async () => {
    const { started, samples } = await measured();
    await started.register(instance());
    await started.register({ wrong: true });
    await started.ask('PUT', '/api/leases/1');
    await started.ask('PUT', '/api/leases/2');
    for (const path of ['/api/a', '/b', '/api/fetch/c']) await started.ask('GET', path);
    const counts = Object.entries(await samples()).filter(([name]) =>
      name.startsWith('rollcall_request_duration_seconds_count'),
    );
    expect(Object.fromEntries(counts)).toEqual({
      'rollcall_request_duration_seconds_count{method="POST",route="/api/register",status="2xx"}': 1,
      'rollcall_request_duration_seconds_count{method="POST",route="/api/register",status="4xx"}': 1,
      'rollcall_request_duration_seconds_count{method="PUT",route="/api/leases/:handle",status="4xx"}': 2,
      'rollcall_request_duration_seconds_count{method="any",route="none",status="4xx"}': 3,
    });
  });

  it('metrics keep their series bounded under a flood of names, and take in new ones when earlier ones are gone', async () => {
    const { started, clock, text, samples } = await measured();
    const flood = (prefix: string) => many(1_000, (index) => ({ env: `${prefix}${index}`, appid: `s${index}` }));
    await started.register(...flood('a'));
    await started.ask('GET', '/api/fetch?env=zzz&appid=zzz');
    // Node adds series of its own when it first collects garbage in another way.
    const series = async () => (await text()).split('\n').filter((line) => line.startsWith('rollcall_')).length;
    const before = await series();
    const seen = await samples();
    expect(Object.keys(seen).filter((name) => name.startsWith('rollcall_instances{'))).toHaveLength(
      maxLabelledEnvironments + 1,
    );
    expect(seen['rollcall_instances{env="_other"}']).toBe(1_000 - maxLabelledEnvironments);
    expect(seen.rollcall_environments).toBe(1_000);
    await started.register(...flood('b'));
    expect(await series()).toBeLessThan(before + 20);
    await clock.advance(3_500);
    expect((await samples())['rollcall_removals_total{env="_other",reason="ttl"}']).toBe(
      2_000 - maxLabelledEnvironments,
    );
    await started.register(instance({ env: 'prod' }));
    await started.register(instance({ env: 'constructor' }));
    expect(await samples()).toMatchObject({
      'rollcall_instances{env="prod"}': 1,
      'rollcall_instances{env="constructor"}': 1,
    });
    expect(await series()).toBeLessThan(before);
  });
});
