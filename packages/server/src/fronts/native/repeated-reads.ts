import type { RepeatableRoute, RepeatedAnswer } from '../../http/repeats/repeatable-route.ts';
import { chunkBytes } from '../../server-options.ts';
import { aroundList } from './list-answer.ts';
import type { ReadContext } from './past.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Repeated requests of `GET /fetch` for one service as it is now: names that need no decoding, and nothing else in the
 * query.
 */
export function repeatedFetch(context: ReadContext): RepeatableRoute {
  return {
    varies: /^\?env=([\w.~-]+)&appid=([\w.~-]+)$/,
    answer: ({ varying: [, env = '', service = ''], body, caller, isValid }) => {
      if (body.length > 0 || !isValid({ env, appid: service })) return undefined;
      if (!caller.mayAll('read') && !caller.may('read', { env, service })) return undefined;
      return answerOf(context, context.snapshots.of(env, service), { instances: [] });
    },
  };
}

/** Repeated requests of `GET /services`. */
export function repeatedServices(context: ReadContext): RepeatableRoute {
  return {
    varies: /^\?env=([\w.~-]+)$/,
    answer: ({ varying: [, env = ''], body, caller, isValid }) => {
      const view = caller.viewOf(env);
      if (body.length > 0 || view === undefined || !isValid({ env })) return undefined;
      return answerOf(context, context.snapshots.services(env, view), { services: [] });
    },
  };
}

/** The answer with a list; undefined: the list is long, so the handler writes it in turns. */
function answerOf(context: ReadContext, snapshot: Snapshot, data: object): RepeatedAnswer | undefined {
  if (snapshot.bytes >= chunkBytes) return undefined;
  const [before, after] = aroundList(context, data);
  return { before, list: snapshot.whole(), after };
}
