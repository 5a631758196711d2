import { Worker } from 'node:worker_threads';
import { type Clock, RegistryError, type RegistryRecipe, type ServiceInput } from '@rollcall/core';
import { holdProcess, untilAborted, withDeadline } from '@rollcall/core/adapter';
import { beatMs, stallNoticeMs, workerSilenceMs, workerStopMs } from '../defaults.ts';
import type { KeeperOptions } from '../runtime/keeper.ts';
import { RegisterCheck } from '../runtime/register-check.ts';
import { Beat } from './beat.ts';
import { type FromWorker, fromPlain, type ToWorker, type WorkerStart } from './messages.ts';

/** What a worker heartbeat works with. */
export interface WorkerHeartbeatOptions extends KeeperOptions {
  readonly recipe: RegistryRecipe;
  readonly maxStallMs: number;
  /** The main loop stood still. `workerRan`: the worker did not; false when the whole process was suspended. */
  readonly onStall: (stalledMs: number, workerRan: boolean) => void;
  /**
   * The worker is gone or of no use, so the main loop has to renew. `why` is the end of a sentence. Resolves with the
   * result of the main loop's first registration.
   */
  readonly onLost: (why: string) => Promise<RegistryError | undefined>;
}

/** The worker's file: the built one, also when this module runs from source. */
const file = import.meta.url.endsWith('.ts') ? '../../dist/heartbeat/worker.js' : './worker.js';

/** The main thread's side: it beats, and tells the worker what it has to know. It registers nothing itself. */
export class WorkerHeartbeat {
  readonly #options: WorkerHeartbeatOptions;
  readonly #clock: Clock;
  readonly #beat = new Beat('main');
  readonly #check: RegisterCheck | undefined;
  #worker: Worker | undefined;
  readonly #ending = new AbortController();
  #service: ServiceInput;
  #heardAt: number;
  #struckAt: number;
  /** The worker's count at that time. */
  #workerCount = 0;
  #renewedAt: number;
  #cancelBeat = (): void => {};
  #cancelCare = (): void => {};
  #isOver = false;
  #onFirst: ((error: RegistryError | undefined) => void) | undefined;
  #onStopped: ((error: RegistryError | undefined) => void) | undefined;

  constructor(options: WorkerHeartbeatOptions) {
    const { service, clock, registerCheck } = options;
    this.#options = options;
    this.#clock = clock;
    this.#service = service;
    this.#check = registerCheck === undefined ? undefined : new RegisterCheck(registerCheck, clock);
    this.#heardAt = clock.now();
    this.#struckAt = clock.now();
    this.#renewedAt = clock.now();
  }

  /** Resolves with the result of the first registration; never rejects. */
  async begin(): Promise<RegistryError | undefined> {
    const release = holdProcess();
    try {
      const failure = await this.#check?.run(this.#ending.signal);
      if (this.#ending.signal.aborted) return undefined;
      const first = new Promise<RegistryError | undefined>((resolve) => {
        this.#onFirst = resolve;
      });
      this.#startWorker(failure ?? '');
      return await first;
    } finally {
      release();
    }
  }

  /** Makes the worker withdraw, and ends it; rejects when it could not withdraw. */
  async stop(): Promise<void> {
    this.#cancelBeat();
    this.#cancelCare();
    this.#ending.abort();
    if (this.#isOver || this.#worker === undefined) return;
    const release = holdProcess();
    const stopped = new Promise<RegistryError | undefined>((resolve) => {
      this.#onStopped = resolve;
    });
    this.#tell({ type: 'stop' });
    const reason = new RegistryError('TIMEOUT', `the heartbeat worker did not withdraw within ${workerStopMs} ms`);
    try {
      const error = await withDeadline({ clock: this.#clock, ms: workerStopMs, reason }, (signal) =>
        untilAborted(signal, stopped),
      );
      if (error !== undefined) throw error;
    } finally {
      await this.#end();
      release();
    }
  }

  #startWorker(failure: string): void {
    const { recipe, ttlMs, renewIntervalMs, maxStallMs, clock } = this.#options;
    const service = this.#service;
    const workerData: WorkerStart = {
      recipe,
      service,
      ttlMs,
      renewIntervalMs,
      maxStallMs,
      failure,
      beat: this.#beat.buffer,
    };
    const worker = new Worker(new URL(file, import.meta.url), { workerData });
    this.#worker = worker;
    // The server that the worker registers keeps the process alive, not the heartbeat.
    worker.unref();
    worker.on('message', (message: FromWorker) => this.#hear(message));
    worker.once('error', (error) => this.#lose(`the heartbeat worker failed: ${error.message}`));
    worker.once('exit', () => this.#lose('the heartbeat worker ended'));
    this.#heardAt = clock.now();
    this.#struckAt = clock.now();
    this.#renewedAt = clock.now();
    this.#strike();
    this.#cancelCare = clock.setTimer(renewIntervalMs, () => this.#care());
  }

  /** The main loop runs again; the delay of the beat shows how long it stood still. */
  #strike(): void {
    const now = this.#clock.now();
    const hasStalled = this.#noticeStall(now);
    this.#struckAt = now;
    this.#workerCount = this.#beat.count;
    this.#beat.strike();
    if (!hasStalled && now - this.#heardAt > workerSilenceMs)
      this.#lose(`the heartbeat worker was silent for ${workerSilenceMs} ms`);
    if (!this.#isOver) this.#cancelBeat = this.#clock.setTimer(beatMs, () => this.#strike());
  }

  /**
   * Reports that the main loop stood still. Messages of that time are still unread, and after a suspension the worker's
   * calls have timed out through no fault of the registry, so both are judged from now on.
   */
  #noticeStall(now: number): boolean {
    const stalledMs = now - this.#struckAt - beatMs;
    if (stalledMs <= stallNoticeMs) return false;
    const workerMs = (this.#beat.count - this.#workerCount) * beatMs;
    this.#struckAt = now;
    this.#workerCount = this.#beat.count;
    this.#heardAt = now;
    this.#renewedAt = now;
    this.#options.onStall(stalledMs, workerMs > stalledMs / 2);
    return true;
  }

  /** Once per interval: tells the worker the result of the check, and the present address. */
  #care(): void {
    const { refresh, renewIntervalMs } = this.#options;
    const look = async (): Promise<void> => {
      const failure = await this.#check?.run(this.#ending.signal);
      if (this.#check !== undefined) this.#tell({ type: 'check', failure: failure ?? '' });
      const service = (await refresh?.(this.#service)) ?? this.#service;
      if (service !== this.#service) this.#tell({ type: 'service', service });
      this.#service = service;
    };
    void look()
      .catch(() => {})
      .then(() => {
        if (!this.#isOver && !this.#ending.signal.aborted)
          this.#cancelCare = this.#clock.setTimer(renewIntervalMs, () => this.#care());
      });
  }

  #hear(message: FromWorker): void {
    const { events, ttlMs } = this.#options;
    const now = this.#clock.now();
    this.#heardAt = now;
    if (this.#isOver) return;
    // After a suspension of the process the worker may run before the main loop, so a stall is noticed here too.
    this.#noticeStall(now);
    if (message.type === 'registered') {
      this.#renewedAt = now;
      events.registered(message.loss);
      this.#first(undefined);
    } else if (message.type === 'failed') {
      const error = fromPlain(message.error);
      events.failed(error);
      this.#first(error);
      const hangs = error.code === 'TIMEOUT' && now - this.#renewedAt > ttlMs;
      if (hangs) this.#lose("the heartbeat worker's connection to the registry hangs");
    } else if (message.type === 'conflict') {
      const error = fromPlain(message.error);
      void events.conflict(error).then(() => this.#first(error));
    } else if (message.type === 'stopped') {
      this.#onStopped?.(message.error === undefined ? undefined : fromPlain(message.error));
    }
  }

  #first(error: RegistryError | undefined): void {
    this.#onFirst?.(error);
    this.#onFirst = undefined;
  }

  #lose(why: string): void {
    if (this.#isOver) return;
    const isStopping = this.#ending.signal.aborted;
    void this.#end();
    this.#onStopped?.(undefined);
    if (isStopping) this.#first(undefined);
    else void this.#options.onLost(why).then((error) => this.#first(error));
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    this.#cancelBeat();
    this.#cancelCare();
    await this.#worker?.terminate();
  }

  #tell(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }
}
