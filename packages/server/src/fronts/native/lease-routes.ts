import { type RenewLeasesRequest, schemas } from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import { renews, writesHandles } from '../../access/route-access.ts';
import { maxRenewalBodyBytes, smallBodyBytes } from '../../server-options.ts';
import { envelope } from './envelope.ts';
import { writeRenewal } from './native-mapping.ts';
import { type RenewContext, renewAll, whenTold } from './renew-all.ts';
import { repeatedRenewal, repeatedRenewals } from './repeated-renewals.ts';

const failures = {
  404: 'LEASE_UNKNOWN: register again',
  409: 'LEASE_TAKEN: another client holds this instance, so give each process its own hostname',
} as const;

/** The secret of the lease whose handle is in the path. It is a header, because paths are written into logs. */
const secretHeader = 'lease-secret';

/** Renewals by handle: the hot path. */
export function leaseRoutes(app: FastifyInstance, context: RenewContext): void {
  const { leases } = context;
  app.put<{ Body: RenewLeasesRequest }>(
    '/leases',
    {
      bodyLimit: maxRenewalBodyBytes,
      config: { access: writesHandles(renews), repeats: repeatedRenewals(context) },
      schema: { body: schemas.leasesBody },
    },
    ({ body, caller }) => renewAll(context, caller, body),
  );
  app.put<{ Params: { handle: string } }>(
    '/leases/:handle',
    {
      bodyLimit: smallBodyBytes,
      config: { access: writesHandles(renews), repeats: repeatedRenewal(context) },
      schema: { params: schemas.handleParams },
    },
    ({ params, headers, caller }, reply) => {
      const secret = headers[secretHeader];
      const handle = Number(params.handle);
      const given = { handle, secret: typeof secret === 'string' ? secret : undefined };
      const status = writeRenewal(leases.renew(caller, given));
      if (status === 200) return envelope(context, null);
      return whenTold(context, [handle], () =>
        reply.code(status).send(envelope(context, null, status, failures[status])),
      );
    },
  );
}
