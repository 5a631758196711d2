/** The options of a client, checked and with their defaults. */
import { randomUUID } from 'node:crypto';
import { type Clock, type Logger, systemClock } from '@rollcall/core';
import { untilAborted } from '@rollcall/core/adapter';
import * as defaults from '../defaults.ts';
import type { ClientOptions, FetchLike, Probe, SelectOptions } from '../options.ts';
import type { RandomBelow } from '../picking.ts';
import type { RuleLimits } from '../rule/service-rule.ts';
import { smallRandom } from '../strategy/random.ts';
import { integerIn, invalid, numberIn, objectAt, typed } from './check.ts';
import { checkKnown } from './known.ts';
import { longestMs, parseEjection, parseGuard } from './limits.ts';
import { type CallSettings, defaultPolicy, parsePolicy } from './policy.ts';
import { mergeSelect, parseSelect } from './selecting.ts';

/** The settings of one service. */
export interface ServiceSettings {
  readonly select: SelectOptions;
  readonly policy: CallSettings;
  readonly limits: RuleLimits;
}

/** The settings of a client; see the top of the file. */
export interface ClientSettings {
  readonly general: ServiceSettings;
  /** By name. These names are service names even if they have a dot. */
  readonly services: ReadonlyMap<string, ServiceSettings>;
  readonly retryShare: number;
  readonly subsetSize: number;
  readonly clientId: string;
  readonly snapshotFile: string | undefined;
  readonly connectTimeoutMs: number;
  /** Undefined: the global fetch. */
  readonly fetch: FetchLike | undefined;
  /** Undefined: a TCP connect. */
  readonly probe: Probe | undefined;
  readonly random: RandomBelow;
  readonly clock: Clock;
  readonly logger: Logger | undefined;
}

function parseProbe({ probe, fetch }: ClientOptions): Probe | undefined {
  if (probe !== undefined && probe !== false && typeof probe !== 'function')
    throw invalid('probe', 'a function or false', probe);
  // A fetch of the caller may open no socket at all, so no other part of the client opens one either. It may ignore its
  // signal, and may throw at once.
  if (probe) return async (node, signal) => untilAborted(signal, probe(node, signal));
  return probe ?? (fetch === undefined ? undefined : false);
}

/** A wrong random number would break every pick. */
function checkedRandom(random: RandomBelow | undefined): RandomBelow | undefined {
  if (typed(random, 'random', 'function') === undefined || random === undefined) return undefined;
  return (below) => {
    const drawn = Math.floor(random(below));
    return drawn >= 0 && drawn < below ? drawn : 0;
  };
}

function parseServices(options: ClientOptions, general: ServiceSettings): ReadonlyMap<string, ServiceSettings> {
  objectAt(options.services, 'services');
  const settings = Object.entries(options.services ?? {}).map(([name, own]): [string, ServiceSettings] => {
    const where = `services.${name}.`;
    checkKnown(objectAt(own, where.slice(0, -1)), 'service', where.slice(0, -1));
    const { strategy, version, filter, split, zone } = own;
    const select = mergeSelect(general.select, { strategy, version, filter, split, zone });
    parseSelect(select, 0, where);
    const ejection =
      own.ejection === undefined ? general.limits.ejection : parseEjection(own.ejection, `${where}ejection`);
    const policy = parsePolicy(own, general.policy, where);
    return [name, { select, policy, limits: { ...general.limits, ejection } }];
  });
  return new Map(settings);
}

/** Checks the options, and adds the defaults. Throws `INVALID_ARGUMENT`, which names the option. */
export function parseClientOptions(options: ClientOptions): ClientSettings {
  checkKnown(objectAt(options, 'options'), 'client', 'options');
  const { strategy, version, filter, split, zone } = options;
  const select = mergeSelect({ strategy, version, filter, split, zone });
  parseSelect(select, 0);
  const slowStartMs = numberIn(options.slowStartMs, 'slowStartMs', [0, longestMs], defaults.defaultSlowStartMs);
  const ejection = parseEjection(options.ejection, 'ejection');
  const general: ServiceSettings = {
    select,
    policy: { ...parsePolicy(options, defaultPolicy), key: undefined },
    limits: { ...parseGuard(options.guard), ejection, slowStartMs },
  };
  return {
    general,
    services: parseServices(options, general),
    retryShare: numberIn(options.retryShare, 'retryShare', [0, 10], defaults.defaultRetryShare),
    subsetSize: integerIn(options.subsetSize, 'subsetSize', [0, 1_000_000], 0),
    clientId: typed(options.clientId, 'clientId', 'string') ?? randomUUID(),
    snapshotFile: typed(options.snapshotFile, 'snapshotFile', 'string'),
    connectTimeoutMs: numberIn(
      options.connectTimeoutMs,
      'connectTimeoutMs',
      [1, longestMs],
      defaults.defaultConnectTimeoutMs,
    ),
    fetch: typed(options.fetch, 'fetch', 'function'),
    probe: parseProbe(options),
    random: checkedRandom(options.random) ?? smallRandom(),
    clock: options.clock ?? systemClock,
    logger: options.logger,
  };
}
