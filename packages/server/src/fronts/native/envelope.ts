import type { Envelope } from '@rollcall/protocol';
import type { Roll } from '../../roll/roll.ts';

/** What the native front translates for. */
export interface NativeContext {
  readonly roll: Roll;
  readonly protection: 'on' | 'off';
  readonly isWarming: () => boolean;
  readonly uptimeMs: () => number;
}

/** Wraps an answer. `code`: 0, or the HTTP status. */
export function envelope<T>({ roll, isWarming }: NativeContext, data: T, code = 0, message = ''): Envelope<T> {
  const warming = isWarming() ? ({ warming: true } as const) : {};
  return { code, message, data, epoch: roll.epoch, revision: roll.revision, ...warming };
}
