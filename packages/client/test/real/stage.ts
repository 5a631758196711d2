/** Greeters in processes of their own, and a steady load on them through `client.fetch`. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Registry } from '@rollcall/core';
import { type AttemptMessage, attemptChannel, type Client, createClient } from '../../src/index.ts';
import { eventually, notebook } from '../fleet.ts';

const program = fileURLToPath(new URL('./greeter.js', import.meta.url));
/** Requests per second of the load, as in the specification of the consumer side. */
const perSecond = 200;

/** Whether the long variants run: `npm run test:long`. */
export const isLong = process.env.ROLLCALL_LONG !== undefined;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The outcome of a load. */
export interface Tally {
  calls: number;
  failedGets: string[];
  failedPosts: string[];
  readonly attempts: Ended[];
}

/** An attempt with the times of its beginning and its end, on the clock of `performance`. */
export interface Ended extends AttemptMessage {
  readonly beganAt: number;
  readonly endedAt: number;
}

interface Channel {
  subscribe(listener: (message: unknown) => void): void;
  unsubscribe(listener: (message: unknown) => void): void;
}

export class Stage implements AsyncDisposable {
  readonly client: Client;
  readonly lines: string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #greeters = new Map<string, ChildProcess>();

  /** The client uses `registry`; `env` tells the greeters where they find the same registry. */
  constructor(registry: Registry, env: Readonly<Record<string, string>>) {
    const { logger, lines } = notebook();
    this.client = createClient(registry, { logger });
    this.lines = lines;
    this.#env = { ...process.env, ...env };
  }

  get ids(): readonly string[] {
    return [...this.#greeters.keys()];
  }

  /** Starts greeters, and waits until the client knows them. */
  async start(...ids: readonly string[]): Promise<void> {
    await this.register({}, ...ids);
    const service = this.client.service('greeter');
    const known = (): boolean =>
      ids.every((id) => service.state.nodes.some(({ node, tier }) => node.id === id && tier === 'up'));
    await eventually(known, `${ids.join(', ')} up`);
  }

  /** Starts greeters without asking the client for them. `env` is added to the environment of all greeters. */
  async register(env: Readonly<Record<string, string>>, ...ids: readonly string[]): Promise<void> {
    await Promise.all(
      ids.map(async (id) => {
        const child = fork(program, [id], { env: { ...this.#env, ...env }, execArgv: [] });
        this.#greeters.set(id, child);
        await Promise.race([
          once(child, 'message'),
          once(child, 'exit').then(() => Promise.reject(new Error(`${id} ended before it was registered`))),
        ]);
      }),
    );
  }

  /** Ends a greeter: with SIGTERM it drains, with SIGKILL it does not. */
  async stop(id: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#greeters.get(id);
    if (child === undefined) return;
    this.#greeters.delete(id);
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Sends 200 requests a second, every tenth a POST, while `work` lasts. */
  async load(work: () => Promise<void>): Promise<Tally> {
    const tally: Tally = { calls: 0, failedGets: [], failedPosts: [], attempts: [] };
    const note = (message: unknown): void => {
      const attempt = message as AttemptMessage;
      const endedAt = performance.now();
      tally.attempts.push({ ...attempt, endedAt, beganAt: endedAt - attempt.durationMs });
    };
    const channel = attemptChannel as unknown as Channel;
    channel.subscribe(note);
    const pending = new Set<Promise<void>>();
    let sent = 0;
    const startedAt = performance.now();
    const timer = setInterval(() => {
      for (const due = ((performance.now() - startedAt) * perSecond) / 1_000; sent < due; sent += 1) {
        const call = this.#call(sent % 10 === 9, tally).finally(() => pending.delete(call));
        pending.add(call);
      }
    }, 5);
    try {
      await work();
    } finally {
      clearInterval(timer);
      await Promise.all(pending);
      channel.unsubscribe(note);
    }
    return tally;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await Promise.all(this.ids.map((id) => this.stop(id, 'SIGKILL')));
  }

  async #call(isPost: boolean, tally: Tally): Promise<void> {
    tally.calls += 1;
    try {
      const init = isPost ? { method: 'POST', body: 'x' } : {};
      const response = await this.client.fetch('http://greeter/', init);
      await response.text();
      if (!response.ok) throw new Error(`status ${response.status}`);
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      (isPost ? tally.failedPosts : tally.failedGets).push(`${error} ${cause}`);
    }
  }
}

/** One line that counts the failed calls and gives their reasons. */
export function summary({ calls, failedGets, failedPosts }: Tally): string {
  const reasons = [...new Set([...failedGets, ...failedPosts])].slice(0, 4).join('; ');
  return `${calls} calls, ${failedGets.length} GETs and ${failedPosts.length} POSTs failed${reasons === '' ? '' : ` (${reasons})`}`;
}

/** The number of failed attempts at each node, by node id. */
export function failures({ attempts }: Tally): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { node, result } of attempts) if (result !== 'ok') counts[node.id] = (counts[node.id] ?? 0) + 1;
  return counts;
}

/**
 * POSTs that failed although their connection did not break. When a caller stalls, the servers close its idle
 * connections, and the client must not send a POST on one of these twice.
 */
export const lostPosts = ({ failedPosts }: Tally): readonly string[] =>
  failedPosts.filter((text) => !/other side closed|ECONNRESET|EPIPE/.test(text));
