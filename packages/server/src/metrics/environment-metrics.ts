import { Counter, Gauge, type Registry } from 'prom-client';
import type { EvictionCause } from '../protection/index.ts';
import type { EnvironmentSummary } from '../roll/environment.ts';
import type { RemovalEvidence } from '../roll/evidence.ts';
import type { Change, RollFollower } from '../roll/followers.ts';
import { maxLabelledEnvironments } from '../server-options.ts';
import { BoundedNames } from './bounded-names.ts';

/** The gauges by environment. */
const readings: readonly (readonly [name: string, help: string, read: (summary: EnvironmentSummary) => number])[] = [
  ['rollcall_instances', 'Instances on the roll', ({ instances }) => instances],
  ['rollcall_services', 'Services that have an instance', ({ services }) => services],
  ['rollcall_late_instances', 'Instances without a renewal for 1.25 of their intervals', ({ late }) => late],
  ['rollcall_held_instances', 'Expired instances that self-protection keeps listed', ({ held }) => held],
  [
    'rollcall_missing_instances',
    'Instances that are silent or were evicted lately, and not replaced',
    ({ missing }) => missing,
  ],
  [
    'rollcall_considered_instances',
    'Instances that the missing ones are compared with',
    ({ considered }) => considered,
  ],
  [
    'rollcall_tolerated_missing_instances',
    'Missing instances above which nothing is evicted',
    ({ threshold }) => threshold,
  ],
  ['rollcall_protection_on', 'Environments whose self-protection is on', ({ on }) => Number(on)],
];

/** Why an instance left: a client deregistered it, an operator ended self-protection, or the cause of its eviction. */
type Reason = 'deregistered' | 'ended' | EvictionCause;

const reasons: readonly Reason[] = ['deregistered', 'ended', 'ttl', 'replaced', 'quiet', 'ceiling'];

const reasonOf = (evidence: RemovalEvidence): Reason => (evidence.what === 'evicted' ? evidence.cause : evidence.what);

/** Measurements per environment. The first environments have labels of their own, and the rest share one. */
export class EnvironmentMetrics implements RollFollower {
  readonly #names = new BoundedNames(maxLabelledEnvironments);
  readonly #gauges: readonly (readonly [Gauge<'env'>, (summary: EnvironmentSummary) => number])[];
  readonly #removals: Counter<'env' | 'reason'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#gauges = readings.map(([name, help, read]) => [
      new Gauge({ name, help, labelNames: ['env'], registers }),
      read,
    ]);
    this.#removals = new Counter({
      name: 'rollcall_removals_total',
      help: 'Instances that left the roll: deregistered, or evicted after their TTL ran out, by the cause',
      labelNames: ['env', 'reason'],
      registers,
    });
  }

  changed(change: Change): void {
    if (change.type !== 'remove') return;
    this.#removals.inc({ env: this.#names.of(change.instance.env), reason: reasonOf(change.evidence) });
  }

  /** After a failure a metric may be off by one, which does no harm to clients. */
  failed(): void {}

  /** Takes over the numbers of all environments. */
  read(summaries: readonly EnvironmentSummary[]): void {
    for (const env of this.#names.makeRoom(new Set(summaries.map(({ env }) => env))))
      for (const reason of reasons) this.#removals.remove({ env, reason });
    for (const [gauge] of this.#gauges) gauge.reset();
    // An environment that was emptied reports 0, because a series that ends at its last number raises no alert.
    for (const env of this.#names.known) for (const [gauge] of this.#gauges) gauge.set({ env }, 0);
    for (const summary of summaries) {
      const env = this.#names.of(summary.env);
      for (const [gauge, read] of this.#gauges) gauge.inc({ env }, read(summary));
      // A series starts at 0, because a series that begins at its first eviction shows no increase.
      for (const reason of reasons) this.#removals.inc({ env, reason }, 0);
    }
  }
}
