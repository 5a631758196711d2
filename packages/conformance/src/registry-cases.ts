import { type Case, type Concern, casesOf } from './case.ts';
import { abortAndDeadline } from './cases/abort-and-deadline.ts';
import { callOrder } from './cases/call-order.ts';
import { coalescing } from './cases/coalescing.ts';
import { deregister } from './cases/deregister.ts';
import { errors } from './cases/errors.ts';
import { fidelity } from './cases/fidelity.ts';
import { freshness } from './cases/freshness.ts';
import { isolation } from './cases/isolation.ts';
import { largeState } from './cases/large-state.ts';
import { leaseStability } from './cases/lease-stability.ts';
import { lifecycle } from './cases/lifecycle.ts';
import { limits } from './cases/limits.ts';
import { list } from './cases/list.ts';
import { lookup } from './cases/lookup.ts';
import { model } from './cases/model.ts';
import { namespaces } from './cases/namespaces.ts';
import { ownership } from './cases/ownership.ts';
import { register } from './cases/register.ts';
import { renew } from './cases/renew.ts';
import { ttl } from './cases/ttl.ts';
import { watch } from './cases/watch.ts';
import { watchEnd } from './cases/watch-end.ts';
import { watchScope } from './cases/watch-scope.ts';
import { freeze } from './faults/freeze.ts';
import { outage } from './faults/outage.ts';
import { wipe } from './faults/wipe.ts';
import type { Harness } from './harness.ts';
import { aborted } from './traits/aborted.ts';
import { alreadyAborted } from './traits/already-aborted.ts';
import { closed } from './traits/closed.ts';
import { closing } from './traits/closing.ts';
import { deadline } from './traits/deadline.ts';
import { down } from './traits/down.ts';

const concerns: readonly Concern[] = [
  ...[lifecycle, register, renew, ownership, deregister, lookup, freshness, list, model, fidelity, limits],
  ...[watch, watchScope, watchEnd, largeState, coalescing, ttl, leaseStability],
  ...[abortAndDeadline, errors, callOrder, isolation, namespaces],
  ...[closed, closing, alreadyAborted, aborted, deadline, down],
  ...[outage, freeze, wipe],
];

/**
 * Every case for this harness, as data: for other runners, or to run one by name. Each case opens and closes its
 * objects and uses unique names, so cases may run at the same time, except for those that must have something to
 * themselves ({@link Case.alone}).
 */
export function registryCases(harness: Harness): readonly Case[] {
  return concerns.flatMap((concern) => casesOf(concern, harness));
}
