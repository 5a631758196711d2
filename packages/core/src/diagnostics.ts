/** What core publishes on `node:diagnostics_channel`. A channel without a subscriber costs nothing. */
import { channel } from 'node:diagnostics_channel';
import type { EntryKey } from './adapter/driver.ts';
import type { DeleteReason } from './contract.ts';
import type { RegistryError } from './errors.ts';

/** Message of `rollcall:call`: one finished call of a registry. */
export interface CallMessage {
  /** Name of the registry. */
  readonly registry: string;
  /** The method that was called. */
  readonly operation: 'init' | 'register' | 'deregister' | 'getService' | 'listServices' | 'close';
  /** The service, where the call names one. */
  readonly name?: string | undefined;
  /** Milliseconds from the call to its answer, including the wait for earlier calls on the same node. */
  readonly durationMs: number;
  /** The error; absent: the call succeeded. */
  readonly error?: RegistryError | undefined;
}

/** Message of `rollcall:watch`: a shared watch changed its state, or saw a change. */
export interface WatchMessage {
  /** Name of the registry. */
  readonly registry: string;
  /** The watched service; undefined: all services. */
  readonly name?: string | undefined;
  /** What happened; `put` and `remove` are changes as the backend told them, before any coalescing. */
  readonly event: 'started' | 'synced' | 'interrupted' | 'ended' | 'put' | 'remove';
  /** The node; present for `put` and `remove`. */
  readonly key?: EntryKey | undefined;
  /** Why the node left; present for `remove`. */
  readonly reason?: DeleteReason | undefined;
  /** Why the backend is lost; present for `interrupted`. */
  readonly error?: RegistryError | undefined;
}

/** Message of `rollcall:lease`: what became of a node that this object registered. */
export interface LeaseMessage {
  /** Name of the registry. */
  readonly registry: string;
  /**
   * What became of the node. `lost`: the backend no longer had the node, and it is written again. `conflict`: another
   * object holds it.
   */
  readonly event: 'written' | 'renewed' | 'lost' | 'conflict' | 'withdrawn';
  /** The node. */
  readonly key: EntryKey;
}

interface Channel<T> {
  readonly hasSubscribers: boolean;
  publish(message: T): void;
}

/** `rollcall:call` */
export const callChannel: Channel<CallMessage> = channel('rollcall:call');
/** `rollcall:watch` */
export const watchChannel: Channel<WatchMessage> = channel('rollcall:watch');
/** `rollcall:lease` */
export const leaseChannel: Channel<LeaseMessage> = channel('rollcall:lease');
