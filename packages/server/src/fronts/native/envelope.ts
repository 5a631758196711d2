import type { Envelope } from '@rollcall/protocol';
import type { Durability } from '../../journal/durability.ts';
import type { PublishedRoll } from '../../roll/published-roll.ts';
import type { Roll } from '../../roll/roll.ts';

/** What the native front translates for. */
export interface NativeContext {
  /** The roll that commands change. */
  readonly roll: Roll;
  /** The roll that readers see. */
  readonly published: PublishedRoll;
  readonly durability: Durability;
  readonly protection: 'on' | 'off';
  readonly isWarming: () => boolean;
  readonly uptimeMs: () => number;
}

/** Wraps an answer. `code`: 0, or the HTTP status. */
export function envelope<T>(context: NativeContext, data: T, code = 0, message = ''): Envelope<T> {
  const { published, durability, isWarming } = context;
  const warming = isWarming() ? ({ warming: true } as const) : {};
  const durable = durability.isDurable ? ({ durable: true } as const) : {};
  return { code, message, data, epoch: published.epoch, revision: published.revision, ...warming, ...durable };
}
