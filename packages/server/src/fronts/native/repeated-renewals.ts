import type { RenewLeasesRequest } from '@rollcall/protocol';
import { parseJsonBody } from '../../http/json-body.ts';
import type { RepeatableRoute } from '../../http/repeats/repeatable-route.ts';
import { envelope } from './envelope.ts';
import { type RenewContext, renewAll } from './renew-all.ts';

/** Repeated requests of `PUT /leases/:handle`. A renewal that is refused is left to the handler. */
export function repeatedRenewal(context: RenewContext): RepeatableRoute {
  return {
    varies: /^\d{1,16}$/,
    answer: ({ varying: [handle], body, caller, secret }) => {
      if (body.length > 0) return undefined;
      const renewal = context.leases.renew(caller, { handle: Number(handle), secret });
      return renewal === 'renewed' ? { before: JSON.stringify(envelope(context, null)) } : undefined;
    },
  };
}

/** Repeated requests of `PUT /leases`. */
export function repeatedRenewals(context: RenewContext): RepeatableRoute {
  return {
    varies: /^$/,
    answer: ({ body, caller, isValid }) => {
      const items = parseJsonBody(body);
      if (!isValid(items)) return undefined;
      const answer = renewAll(context, caller, items as RenewLeasesRequest);
      // The handler begins a renewal anew that has to wait for the disk. That the lease is renewed twice at once does
      // no harm.
      return answer instanceof Promise ? undefined : { before: JSON.stringify(answer) };
    },
  };
}
