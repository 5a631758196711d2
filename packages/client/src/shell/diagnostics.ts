/** What a client publishes on `node:diagnostics_channel`. Free of cost while nothing subscribes. */
import { channel } from 'node:diagnostics_channel';
import type { ServiceState } from '../contract.ts';
import type { RemoteNode } from '../picking.ts';
import type { Result } from '../rule/health.ts';

/** Message of `rollcall:pick`: a node was picked. */
export interface PickMessage {
  readonly service: string;
  readonly node: RemoteNode;
  readonly key?: string | undefined;
}

/** Message of `rollcall:attempt`: an attempt at a node ended. */
export interface AttemptMessage {
  readonly service: string;
  readonly node: RemoteNode;
  /** `ok`: 2xx or 3xx; `answered`: 4xx; `refused`, `unreachable`: no connection; `reset`: it broke. */
  readonly result: Result;
  readonly durationMs: number;
}

/** Message of `rollcall:service`: what is known of a service has changed its status, or a node its standing. */
export interface ServiceMessage {
  readonly service: string;
  readonly event: 'status' | 'suspect' | 'gone' | 'eject' | 'trial' | 'back' | 'listed';
  readonly status?: ServiceState['status'] | undefined;
  readonly node?: RemoteNode | undefined;
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
