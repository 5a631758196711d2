import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Registry } from 'prom-client';
import type { ChangeLog } from '../changes/change-log.ts';
import type { AnsweredRequest } from '../http/answered-request.ts';
import type { StoreObserver } from '../journal/store-observer.ts';
import type { RollSummary } from '../roll/environments.ts';
import type { RollFollower } from '../roll/followers.ts';
import type { Roll } from '../roll/roll.ts';
import { EnvironmentMetrics } from './environment-metrics.ts';
import { processMetrics } from './process-metrics.ts';
import { measureRequests } from './request-metrics.ts';
import { StoreMetrics } from './store-metrics.ts';

/** The sources of the metrics. */
export interface MetricsSources {
  readonly roll: Roll;
  readonly log: ChangeLog;
  /** The open watches. */
  readonly watches: { readonly size: number; readonly backlogBytes: number };
  readonly isWarming: () => boolean;
}

/** A number of the server as a whole, read at each scrape. */
interface Reading {
  readonly name: string;
  readonly help: string;
  readonly read: (sources: MetricsSources, summary: RollSummary) => number;
}

const totals: readonly Reading[] = [
  {
    name: 'rollcall_registrations_total',
    help: 'Registrations, also of instances that were listed already',
    read: (_, { registrations }) => registrations,
  },
  { name: 'rollcall_renewals_total', help: 'Renewals of leases', read: (_, { renewals }) => renewals },
];

const gauges: readonly Reading[] = [
  { name: 'rollcall_revision', help: 'Changes of the roll so far', read: ({ roll }) => roll.revision },
  {
    name: 'rollcall_warming',
    help: '1 while the server warms up: missing services may still re-register',
    read: ({ isWarming }) => Number(isWarming()),
  },
  {
    name: 'rollcall_environments',
    help: 'Environments that list an instance',
    read: (_, { environments }) => environments.length,
  },
  { name: 'rollcall_roll_bytes', help: 'Bytes that the roll takes, roughly', read: (_, { bytes }) => bytes },
  {
    name: 'rollcall_roll_max_bytes',
    help: 'Bytes that the roll may take; beyond it new instances are refused',
    read: (_, { maxBytes }) => maxBytes,
  },
  { name: 'rollcall_watches', help: 'Open watches', read: ({ watches }) => watches.size },
  {
    name: 'rollcall_watch_backlog_bytes',
    help: 'Bytes that the clients of all watches have not read yet',
    read: ({ watches }) => watches.backlogBytes,
  },
  { name: 'rollcall_change_log_changes', help: 'Changes that a watch can resume over', read: ({ log }) => log.size },
  { name: 'rollcall_change_log_bytes', help: 'Bytes of the instances in these changes', read: ({ log }) => log.bytes },
];

/**
 * The metrics for Prometheus. Numbers that the server has anyway are read at each scrape; events are counted. No label
 * has a value that a client chooses freely: environments are bounded in number, and routes come from the table of
 * routes.
 */
export class Metrics {
  readonly #sources: MetricsSources;
  readonly #registry = new Registry();
  readonly #environments: EnvironmentMetrics;
  readonly #totals: readonly (readonly [Counter, Reading])[];
  readonly #gauges: readonly (readonly [Gauge, Reading])[];

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    const registers = [this.#registry];
    this.#environments = new EnvironmentMetrics(this.#registry);
    this.#totals = totals.map((reading) => [
      new Counter({ name: reading.name, help: reading.help, registers }),
      reading,
    ]);
    this.#gauges = gauges.map((reading) => [new Gauge({ name: reading.name, help: reading.help, registers }), reading]);
  }

  /** Follows the roll, to count departures. */
  get follower(): RollFollower {
    return this.#environments;
  }

  /** The observer of the store. A server without a store has no series about it. */
  store(): StoreObserver {
    return new StoreMetrics(this.#registry);
  }

  /**
   * Measures the requests of an app from now on. Returns a function that measures requests which the framework does not
   * see.
   */
  measure(app: FastifyInstance): (answered: AnsweredRequest) => void {
    return measureRequests(app, this.#registry);
  }

  /** The metrics in the text format of Prometheus. */
  async answer(): Promise<{ readonly contentType: string; readonly text: string }> {
    const summary = this.#sources.roll.summary();
    this.#environments.read(summary.environments);
    for (const [gauge, { read }] of this.#gauges) gauge.set(read(this.#sources, summary));
    for (const [counter, { read }] of this.#totals) {
      counter.reset();
      counter.inc(read(this.#sources, summary));
    }
    const texts = await Promise.all([this.#registry.metrics(), processMetrics().metrics()]);
    return { contentType: this.#registry.contentType, text: texts.join('') };
  }
}
