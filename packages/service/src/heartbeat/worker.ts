/** The heartbeat worker: a registry and a loop of its own, so that renewals go on while the main loop is blocked. */
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock as clock, type ServiceInput } from '@rollcall/core';
import { type AdapterDescriptor, pause } from '@rollcall/core/adapter';
import { beatMs } from '../defaults.ts';
import { Keeper } from '../runtime/keeper.ts';
import { asRegistryError } from '../runtime/unexpected.ts';
import { Beat, Pulse } from './beat.ts';
import { type FromWorker, type ToWorker, toPlain, type WorkerStart } from './messages.ts';

// A rejection ends the worker, which tells the main thread.
if (parentPort !== null) void serve(parentPort, workerData as WorkerStart);

type Port = NonNullable<typeof parentPort>;

async function serve(port: Port, { recipe, service, maxStallMs, beat, ...start }: WorkerStart): Promise<void> {
  const { adapter } = (await import(recipe.module)) as { readonly adapter: AdapterDescriptor };
  const registry = adapter.create(recipe.options);
  const tell = (message: FromWorker): void => port.postMessage(message);
  const ownBeat = new Beat('worker', beat);
  const pulse = new Pulse(ownBeat, clock);
  const ending = new AbortController();
  let current: ServiceInput = service;
  let { failure } = start;

  /** Waits while the main loop is blocked beyond the limit: a service that does not serve must not stay registered. */
  const mainLives = async (): Promise<void> => {
    while (pulse.look() > maxStallMs && !ending.signal.aborted)
      await pause(clock, beatMs, ending.signal).catch(() => {});
  };
  const keeper = new Keeper({
    registry,
    service,
    ttlMs: start.ttlMs,
    renewIntervalMs: start.renewIntervalMs,
    clock,
    refresh: async () => {
      await mainLives();
      return current;
    },
    registerCheck: () => {
      if (failure !== '') throw new Error(failure);
    },
    events: {
      registered: (loss) => tell({ type: 'registered', loss }),
      failed: (error) => tell({ type: 'failed', error: toPlain(error) }),
      conflict: async (error) => tell({ type: 'conflict', error: toPlain(error) }),
    },
  });

  const beating = (): void => {
    ownBeat.strike();
    pulse.look();
    tell({ type: 'alive' });
    if (!ending.signal.aborted) clock.setTimer(beatMs, beating);
  };
  port.on('message', (message: ToWorker) => {
    if (message.type === 'service') current = message.service;
    else if (message.type === 'check') failure = message.failure;
    else void stop();
  });
  beating();
  await keeper.begin();

  async function stop(): Promise<void> {
    ending.abort();
    const error = await keeper.stop().then(
      () => undefined,
      (cause: unknown) => toPlain(asRegistryError(cause)),
    );
    await registry.close();
    tell({ type: 'stopped', error });
    port.close();
  }
}
