/** The numbers of the rule, derived from the options. */
import * as defaults from '../defaults.ts';
import type { EjectionOptions, GuardOptions } from '../options.ts';
import type { EjectionLimits } from '../rule/ejection.ts';
import type { RuleLimits } from '../rule/service-rule.ts';
import { integerIn, invalid, numberIn, objectAt } from './check.ts';

/** Longest duration of an option: a day, in milliseconds. */
export const longestMs = 86_400_000;

/** Checks the options of ejection, and adds the defaults. Throws `INVALID_ARGUMENT`. */
export function parseEjection(options: EjectionOptions | false | undefined, field: string): EjectionLimits {
  const given = options === false ? undefined : objectAt(options, field);
  const baseMs = numberIn(given?.baseMs, `${field}.baseMs`, [1, longestMs], defaults.defaultEjectionBaseMs);
  const maxMs = numberIn(
    given?.maxMs,
    `${field}.maxMs`,
    [1, longestMs],
    Math.max(baseMs, defaults.defaultEjectionMaxMs),
  );
  if (maxMs < baseMs) throw invalid(`${field}.maxMs`, `at least ${field}.baseMs (${baseMs})`, maxMs);
  return {
    isOn: options !== false,
    failures: integerIn(given?.failures, `${field}.failures`, [1, 100], defaults.defaultFailures),
    baseMs,
    maxMs,
    maxShare: numberIn(given?.maxShare, `${field}.maxShare`, [0, 1], defaults.defaultEjectionShare),
  };
}

/** Checks the options of the guard, and adds the defaults. Throws `INVALID_ARGUMENT`. */
export function parseGuard(options: GuardOptions | false | undefined): Pick<RuleLimits, 'guard' | 'hold'> {
  const given = options === false ? undefined : objectAt(options, 'guard');
  const share = numberIn(given?.share, 'guard.share', [0.05, 1], defaults.defaultGuardShare);
  const anyReasonShare = numberIn(
    given?.anyReasonShare,
    'guard.anyReasonShare',
    [share, 1],
    Math.max(share, defaults.defaultAnyReasonShare),
  );
  const holdMs = numberIn(given?.holdMs, 'guard.holdMs', [10_000, 600_000], defaults.defaultHoldMs);
  const lastHoldMs = numberIn(
    given?.lastHoldMs,
    'guard.lastHoldMs',
    [holdMs, longestMs],
    Math.max(holdMs, defaults.defaultLastHoldMs),
  );
  return { guard: options === false ? undefined : { share, anyReasonShare }, hold: { holdMs, lastHoldMs } };
}

/** The limits of a client without options. */
export const defaultLimits: RuleLimits = {
  ...parseGuard(undefined),
  ejection: parseEjection(undefined, 'ejection'),
  slowStartMs: defaults.defaultSlowStartMs,
};
