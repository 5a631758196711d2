/** What a call may cost, from the policies of the client, of the service and of the call. */
import { defaultAttempts } from '../defaults.ts';
import type { CallPolicy } from '../options.ts';
import { integerIn, invalid, numberIn, objectAt, typed } from './check.ts';
import { longestMs } from './limits.ts';

/** A checked {@link CallPolicy}. `timeoutMs` undefined: only the limit of the connection. */
export interface CallSettings {
  readonly timeoutMs: number | undefined;
  readonly attempts: number;
  readonly idempotent: boolean | undefined;
  readonly retryStatus: readonly number[];
  readonly hedgeMs: number;
  readonly waitForNodeMs: number;
  readonly key: string | undefined;
}

/** The policy without any options. */
export const defaultPolicy: CallSettings = {
  timeoutMs: undefined,
  attempts: defaultAttempts,
  idempotent: undefined,
  retryStatus: [],
  hedgeMs: 0,
  waitForNodeMs: 0,
  key: undefined,
};

function parseStatuses(value: unknown, field: string, fallback: readonly number[]): readonly number[] {
  if (value === undefined) return fallback;
  if (Array.isArray(value) && value.every((status) => Number.isInteger(status) && status >= 200 && status <= 599))
    return [...value];
  throw invalid(field, 'an array of HTTP statuses, such as [503]', value);
}

/**
 * The checked `policy`; what it leaves out comes from `base`. `where` prefixes the names of options. Throws
 * `INVALID_ARGUMENT`.
 */
export function parsePolicy(policy: CallPolicy | undefined, base: CallSettings, where = ''): CallSettings {
  if (policy === undefined) return base;
  objectAt(policy, where === '' ? 'policy' : where.slice(0, -1));
  const { timeoutMs, attempts, idempotent, retryStatus, hedgeMs, waitForNodeMs, key } = policy;
  return {
    timeoutMs: timeoutMs === undefined ? base.timeoutMs : numberIn(timeoutMs, `${where}timeoutMs`, [0, longestMs], 0),
    attempts: integerIn(attempts, `${where}attempts`, [1, 10], base.attempts),
    idempotent: typed(idempotent, `${where}idempotent`, 'boolean') ?? base.idempotent,
    retryStatus: parseStatuses(retryStatus, `${where}retryStatus`, base.retryStatus),
    hedgeMs: numberIn(hedgeMs, `${where}hedgeMs`, [0, longestMs], base.hedgeMs),
    waitForNodeMs: numberIn(waitForNodeMs, `${where}waitForNodeMs`, [0, longestMs], base.waitForNodeMs),
    key: typed(key, `${where}key`, 'string') ?? base.key,
  };
}
