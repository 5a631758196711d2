/** What a client publishes on `node:diagnostics_channel`. Free of cost while nothing subscribes. */
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
  /** The key of the call, where it had one. */
  readonly key?: string | undefined;
}

/** Message of `rollcall:attempt`: an attempt at a node ended. */
export interface AttemptMessage {
  /** The service. */
  readonly service: string;
  /** The node that was tried. */
  readonly node: RemoteNode;
  /** `ok`: 2xx or 3xx; `answered`: 4xx; `refused`, `unreachable`: no connection; `reset`: it broke. */
  readonly result: Result;
  /** Until the headers, or until it failed. */
  readonly durationMs: number;
}

/** Message of `rollcall:service`: what is known of a service has changed its status, or a node its standing. */
export interface ServiceMessage {
  /** The service. */
  readonly service: string;
  /** `status`: of the service; all others: of a node. */
  readonly event: 'status' | 'suspect' | 'gone' | 'eject' | 'trial' | 'back' | 'listed';
  /** Of `status`: the new one. */
  readonly status?: ServiceState['status'] | undefined;
  /** Of all others: the node. */
  readonly node?: RemoteNode | undefined;
  /** The reason, for people. */
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
