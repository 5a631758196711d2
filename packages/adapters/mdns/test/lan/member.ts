import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Registry, RegistryError, type RegistryErrorCode, type RegistryOptions } from '@rollcall/core';
import {
  createRegistry,
  type DriverCall,
  type Entry,
  type EntryKey,
  type Lease,
  type RegistryDriver,
  type WatchSink,
} from '@rollcall/core/adapter';
import type { HostName, Lan } from '../../../../backends/src/index.ts';
import { type MdnsOptions, mdnsCapabilities } from '../../src/mdns-options.ts';

const program = fileURLToPath(new URL('member.js', import.meta.url));

interface Told {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly code: RegistryErrorCode; readonly message: string };
  readonly sink?: 'snapshot' | 'put' | 'remove';
  readonly args?: readonly never[];
}

interface Pending {
  readonly settle: (told: Told) => void;
  readonly sink: WatchSink | undefined;
}

/** A process on a host of the LAN that holds drivers; the guards of their registries run in the process of the test. */
export class Member {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #drivers = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    // After the child's death every call reports it.
    child.on('error', () => {});
    child.on('exit', () => {
      const error = { code: 'UNAVAILABLE', message: 'the member was killed' } as const;
      for (const [id, { settle }] of [...this.#pending]) settle({ id, error });
    });
    child.on('message', (told: Told) => {
      const pending = this.#pending.get(told.id);
      if (told.sink === undefined) pending?.settle(told);
      else (pending?.sink?.[told.sink] as ((...args: unknown[]) => void) | undefined)?.(...(told.args ?? []));
    });
  }

  static async on(lan: Lan, host: HostName): Promise<Member> {
    const [file, args] = lan.command(host, process.execPath, [program]);
    const child = spawn(file, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // This format keeps `undefined` apart from `null`.
      serialization: 'advanced',
    });
    await once(child, 'message');
    // The child and its channel must not keep this process alive.
    child.unref();
    child.channel?.unref();
    return new Member(child);
  }

  /** Opens a registry whose driver speaks from the host of this member. */
  open({ namespace, ...options }: MdnsOptions & RegistryOptions = {}): Registry {
    this.#drivers += 1;
    const driver = `${this.#drivers}`;
    const { addresses, dnsSd, goMicro } = options;
    this.#child.send({ driver, operation: 'open', args: [{ namespace, addresses, dnsSd, goMicro }] });
    return createRegistry(this.#driver(driver), { ...options, namespace });
  }

  /** Kills the process without a goodbye, as when a machine dies. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  #driver(driver: string): RegistryDriver {
    const ask =
      <A extends unknown[], R>(operation: string) =>
      (...args: [...A, DriverCall]): Promise<R> =>
        this.#call(driver, operation, args) as Promise<R>;
    return {
      name: 'mdns',
      capabilities: mdnsCapabilities,
      connect: ask<[], void>('connect'),
      put: ask<[readonly Entry[], Lease | undefined], void>('put'),
      renew: ask<[readonly EntryKey[], Lease | undefined], readonly EntryKey[]>('renew'),
      remove: ask<[readonly EntryKey[]], void>('remove'),
      read: ask<[string | undefined], readonly Entry[]>('read'),
      watch: (name, sink, call) => this.#call(driver, 'watch', [name, call], sink) as Promise<void>,
      toError: (cause) => new RegistryError('INTERNAL', String(cause), { cause }),
      close: ask<[{ readonly withdraw: readonly EntryKey[] }], void>('close'),
    };
  }

  #call(driver: string, operation: string, args: readonly unknown[], sink?: WatchSink): Promise<unknown> {
    const { signal } = args.at(-1) as DriverCall;
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        if (this.#child.connected) this.#child.send({ id, operation: 'abort', args: [] });
        if (operation !== 'watch') settle(() => reject(signal.reason));
      };
      const settle = (act: () => void): void => {
        signal.removeEventListener('abort', onAbort);
        this.#pending.delete(id);
        act();
      };
      const told = ({ error, result }: Told): void =>
        settle(() =>
          error === undefined ? resolve(result ?? undefined) : reject(new RegistryError(error.code, error.message)),
        );
      this.#pending.set(id, { sink, settle: told });
      signal.addEventListener('abort', onAbort);
      if (this.#child.connected) this.#child.send({ driver, id, operation, args: args.slice(0, -1) });
      else settle(() => reject(new RegistryError('UNAVAILABLE', 'the member was killed')));
    });
  }
}
