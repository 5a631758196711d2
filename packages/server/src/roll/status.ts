import type { ApplicationView, HeldView, Protection } from '../protection/index.ts';
import { type EnvironmentNumbers, explain, stateOf } from './explain.ts';
import type { Instance } from './instance.ts';
import type { WindowCounter } from './window-counter.ts';

/** How many instances of each kind a status lists; the rest are counted. */
const maxListed = 50;

/** Self-protection of one environment, with the numbers that it was computed from. Times are wall-clock milliseconds. */
export interface EnvironmentStatus extends Omit<EnvironmentNumbers, 'onForMs' | 'firstMayGoInMs' | 'forgetsInMs'> {
  readonly since: number | undefined;
  /** The state in words, for an operator. */
  readonly explanation: string;
  /** How many instances must renew or be replaced before protection ends; 0: it is off. */
  readonly backUntilCalm: number;
  readonly firstMayGoAt: number | undefined;
  readonly forgetsAt: number | undefined;
  /** The applications with missing or held instances, the most missing first. */
  readonly applications: readonly ApplicationView[];
  readonly moreApplications: number;
  /** The expired instances that are listed, in the order in which they may be evicted. */
  readonly heldInstances: readonly HeldView[];
  readonly moreHeld: number;
  readonly renewsLastMinute: number;
  readonly renewsExpected: number;
}

/** What a status is computed from. */
export interface StatusSource {
  readonly env: string;
  readonly protection: Protection;
  readonly renewals: WindowCounter;
  readonly instances: readonly Instance[];
}

/** `now`: by the lease clock. */
export function statusOf(source: StatusSource, now: number, wallNow: number): EnvironmentStatus {
  const { protection, instances, renewals } = source;
  const { applications, held } = protection.details(now);
  const numbers = numbersOf(source, held, now);
  const { onForMs, firstMayGoInMs, forgetsInMs, ...rest } = numbers;
  const at = (inMs: number | undefined): number | undefined => (inMs === undefined ? undefined : wallNow + inMs);
  const missing = applications.filter((view) => view.missing > 0 || view.held > 0).sort(byMissing);
  const first = [...held].sort((a, b) => a.mayGoAt - b.mayGoAt || b.silentMs - a.silentMs);
  // Renewals a minute, by each instance's own interval. Eureka expects two a minute of every instance.
  const perMinute = instances.filter(({ ttlMs }) => ttlMs > 0).map(({ renewIntervalMs }) => 60_000 / renewIntervalMs);
  return {
    ...rest,
    since: onForMs === undefined ? undefined : wallNow - onForMs,
    explanation: explain(numbers),
    backUntilCalm: rest.state === 'protecting' ? rest.missing - rest.threshold : 0,
    firstMayGoAt: at(firstMayGoInMs),
    forgetsAt: at(forgetsInMs),
    applications: missing.slice(0, maxListed),
    moreApplications: Math.max(0, missing.length - maxListed),
    heldInstances: first.slice(0, maxListed).map((view) => ({ ...view, mayGoAt: wallNow + view.mayGoAt - now })),
    moreHeld: Math.max(0, first.length - maxListed),
    renewsLastMinute: renewals.count(now),
    renewsExpected: Math.round(perMinute.reduce((sum, count) => sum + count, 0)),
  };
}

const byMissing = (a: ApplicationView, b: ApplicationView): number =>
  b.missing - a.missing || b.held - a.held || (a.service < b.service ? -1 : 1);

function numbersOf(
  { env, protection, instances }: StatusSource,
  held: readonly HeldView[],
  now: number,
): EnvironmentNumbers {
  const view = protection.view(now);
  const { onSince, forgetsAt, missing, considered, threshold, on, heard } = view;
  const firstMayGoAt = held.reduce((first, { mayGoAt }) => Math.min(first, mayGoAt), Number.POSITIVE_INFINITY);
  return {
    env,
    state: stateOf(protection.enabled, view),
    instances: instances.length,
    late: instances.filter(({ late }) => late).length,
    out: instances.filter(({ status }) => status === 'out').length,
    ...{ missing, considered, threshold, held: view.held, on, heard },
    onForMs: onSince === undefined ? undefined : now - onSince,
    firstMayGoInMs: Number.isFinite(firstMayGoAt) ? Math.max(0, firstMayGoAt - now) : undefined,
    forgetsInMs: forgetsAt === undefined ? undefined : Math.max(0, forgetsAt - now),
  };
}
