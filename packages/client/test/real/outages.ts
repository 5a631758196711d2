/** The client under load while things break; the cases are the same on every backend. */
import type { Registry } from '@rollcall/core';
import { describe, expect, it } from 'vitest';
import { failures, isLong, lostPosts, pause, Stage, summary } from './stage.ts';

/** A registry that can be killed and started again. */
export interface Outage {
  readonly registry: Registry;
  /** The environment for the processes of the greeters. */
  readonly env: Readonly<Record<string, string>>;
  /** Kills the processes of the registry. */
  kill(): Promise<void>;
  start(): Promise<void>;
  dispose(): Promise<void>;
}

const ids = Array.from({ length: 10 }, (_, index) => `g${index}`);
const outages = isLong ? [60_000, 600_000] : [5_000];

async function withStage(
  prepare: () => Promise<Outage>,
  act: (stage: Stage, outage: Outage) => Promise<void>,
): Promise<void> {
  const outage = await prepare();
  try {
    await using stage = new Stage(outage.registry, outage.env);
    await stage.start(...ids);
    await act(stage, outage);
  } finally {
    await outage.registry.close({ withdraw: false });
    await outage.dispose();
  }
}

/** Defines the cases for one backend. */
export function describeOutages(name: string, prepare: () => Promise<Outage>): void {
  describe(`200 requests a second over ten greeters, found through ${name}`, () => {
    it.each(outages)(
      'a load of 200 requests a second loses no request while the registry is dead for %d ms',
      { timeout: 900_000 },
      (ms) =>
        withStage(prepare, async (stage, outage) => {
          const tally = await stage.load(async () => {
            await pause(1_000);
            await outage.kill();
            await pause(ms);
            await outage.start();
            await pause(4_000);
          });
          console.log(`the registry dead for ${ms / 1_000} s: ${summary(tally)}`);
          expect(tally.failedGets).toEqual([]);
          expect(lostPosts(tally)).toEqual([]);
          expect(tally.calls).toBeGreaterThan(ms / 10);
          expect(stage.client.service('greeter').nodes).toHaveLength(10);
        }),
    );

    it(
      'a load loses no GET when greeters are killed, and tries each dead greeter at most once besides calls in flight',
      { timeout: 180_000 },
      () =>
        withStage(prepare, async (stage) => {
          const killed = isLong ? ids : ids.slice(0, 3);
          const deadSince: Record<string, number> = {};
          const tally = await stage.load(async () => {
            for (const id of killed) {
              await pause(700);
              await stage.stop(id, 'SIGKILL');
              deadSince[id] = performance.now();
              // When all greeters are killed, the test replaces each one before it kills the next.
              if (isLong) await stage.start(`${id}-new`);
            }
            await pause(1_500);
          });
          const failed = failures(tally);
          console.log(
            `${killed.length} of ${ids.length} killed: ${summary(tally)}; failed attempts at each: ${killed.map((id) => failed[id] ?? 0).join(' ')}`,
          );
          expect(tally.failedGets).toEqual([]);
          expect(lostPosts(tally)).toEqual([]);
          for (const id of killed) {
            const atDead = tally.attempts.filter(
              ({ node, beganAt }) => node.id === id && beganAt > (deadSince[id] ?? 0),
            );
            // Two attempts may be under way at once; after the first one is refused, no attempt begins.
            const learntAt = Math.min(...atDead.map(({ endedAt }) => endedAt));
            expect(atDead.filter(({ beganAt }) => beganAt > learntAt)).toEqual([]);
          }
          expect(Object.keys(failed).filter((id) => !killed.includes(id))).toEqual([]);
        }),
    );

    it(
      'a load of 200 requests a second loses and repeats nothing when greeters drain and are replaced',
      { timeout: 120_000 },
      () =>
        withStage(prepare, async (stage) => {
          const replaced = isLong ? ids : ids.slice(0, 3);
          const tally = await stage.load(async () => {
            for (const id of replaced) {
              await stage.stop(id, 'SIGTERM');
              await stage.start(`${id}-new`);
            }
          });
          expect(tally.failedGets).toEqual([]);
          expect(lostPosts(tally)).toEqual([]);
          expect(failures(tally)).toEqual({});
          expect(tally.attempts.length).toBe(tally.calls);
        }),
    );
  });
}
