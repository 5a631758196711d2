/** The numbers of the rule, out of options that were checked. */
import * as defaults from './defaults.ts';
import type { RuleLimits } from './rule/service-rule.ts';

/** Without options. */
export const defaultLimits: RuleLimits = {
  guard: { share: defaults.defaultGuardShare, anyReasonShare: defaults.defaultAnyReasonShare },
  hold: { holdMs: defaults.defaultHoldMs, lastHoldMs: defaults.defaultLastHoldMs },
  ejection: {
    isOn: true,
    failures: defaults.defaultFailures,
    baseMs: defaults.defaultEjectionBaseMs,
    maxMs: defaults.defaultEjectionMaxMs,
    maxShare: defaults.defaultEjectionShare,
  },
  slowStartMs: defaults.defaultSlowStartMs,
};
