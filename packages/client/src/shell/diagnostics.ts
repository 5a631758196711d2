/** What a client publishes on `node:diagnostics_channel`. A channel without a subscriber costs nothing. */
import { channel } from 'node:diagnostics_channel';
import type { ServiceState } from '../contract.ts';
import type { RemoteNode } from '../picking.ts';
import type { Result } from '../rule/health.ts';

/** Message of `rollcall:pick`: a node was picked. */
export interface PickMessage {
  /** The service. */
  readonly service: string;
  /** The node that was picked. */
  readonly node: RemoteNode;
  /** The key of the call, if it had one. */
  readonly key?: string | undefined;
}

/** Message of `rollcall:attempt`: an attempt at a node ended. */
export interface AttemptMessage {
  /** The service. */
  readonly service: string;
  /** The node that was tried. */
  readonly node: RemoteNode;
  /** `ok`: 2xx or 3xx; `answered`: 4xx; `refused`, `unreachable`: no connection was made; `reset`: the connection broke. */
  readonly result: Result;
  /** Milliseconds until the headers, or until it failed. */
  readonly durationMs: number;
}

/** Message of `rollcall:service`: the status of a service has changed, or the standing of a node. */
export interface ServiceMessage {
  /** The service. */
  readonly service: string;
  /** What changed: `status` is about the service, every other value about a node. */
  readonly event: 'status' | 'suspect' | 'gone' | 'eject' | 'trial' | 'back' | 'listed';
  /** The new status; present when `event` is `status`. */
  readonly status?: ServiceState['status'] | undefined;
  /** The node; present unless `event` is `status`. */
  readonly node?: RemoteNode | undefined;
  /** The reason, as a text for people. */
  readonly why?: string | undefined;
}

interface Channel<T> {
  readonly hasSubscribers: boolean;
  publish(message: T): void;
}

/** `rollcall:pick` */
export const pickChannel: Channel<PickMessage> = channel('rollcall:pick');
/** `rollcall:attempt` */
export const attemptChannel: Channel<AttemptMessage> = channel('rollcall:attempt');
/** `rollcall:service` */
export const serviceChannel: Channel<ServiceMessage> = channel('rollcall:service');
