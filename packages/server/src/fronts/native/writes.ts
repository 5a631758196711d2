import {
  type CancelRequest,
  type KeysRequest,
  type RegisterRequest,
  type RenewLeasesRequest,
  schemas,
} from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import { maxBatchBodyBytes, maxBodyBytes, maxRenewalBodyBytes, smallBodyBytes } from '../../server-options.ts';
import { envelope, type NativeContext } from './envelope.ts';
import { readKey, readRegistration, writeRenewal } from './native-mapping.ts';

/** What changes the roll: register, renew, cancel. */
export function writeRoutes(app: FastifyInstance, context: NativeContext): void {
  const { roll, durability } = context;
  app.post<{ Body: RegisterRequest }>(
    '/register',
    { bodyLimit: maxBodyBytes, schema: { body: schemas.registerBody } },
    async ({ body }) => {
      const handles = roll.register(body.instances.map(readRegistration)).map(({ handle }) => handle);
      await durability.written();
      return envelope(context, { handles });
    },
  );
  app.post<{ Body: KeysRequest }>(
    '/renew',
    { bodyLimit: maxBatchBodyBytes, schema: { body: schemas.keysBody } },
    async ({ body }) => {
      const refs = body.keys.map(readKey);
      const renewals = refs.map((ref) => roll.renewByName(ref));
      if (refs.some((ref) => durability.isPending(ref))) await durability.written();
      return envelope(context, { statuses: renewals.map(writeRenewal) });
    },
  );
  app.post<{ Body: CancelRequest }>(
    '/cancel',
    { bodyLimit: maxBatchBodyBytes, schema: { body: schemas.cancelBody } },
    async ({ body }) => {
      const done =
        'handles' in body
          ? body.handles.map((handle) => roll.release(handle))
          : body.keys.map((key) => roll.deregister(readKey(key)));
      await durability.written();
      return envelope(context, { cancelled: done.filter(Boolean).length });
    },
  );
}

const failures = { 404: 'LEASE_UNKNOWN: register again', 409: 'LEASE_TAKEN: another holds this instance' } as const;

/** Renewals by handle: the hot path. */
export function leaseRoutes(app: FastifyInstance, context: NativeContext): void {
  const { roll } = context;
  app.put<{ Body: RenewLeasesRequest }>(
    '/leases',
    { bodyLimit: maxRenewalBodyBytes, schema: { body: schemas.leasesBody } },
    ({ body }) => {
      const renewals = body.map((item) => {
        if (typeof item === 'number') return roll.renew(item);
        const [handle, ttlMs, renewIntervalMs] = item;
        return roll.renew(handle, { ttlMs, renewIntervalMs });
      });
      const refused = body.filter((_, index) => renewals[index] !== 'renewed').map(handleOf);
      return whenTold(context, refused, () => envelope(context, { statuses: renewals.map(writeRenewal) }));
    },
  );
  app.put<{ Params: { handle: string } }>(
    '/leases/:handle',
    { bodyLimit: smallBodyBytes, schema: { params: schemas.handleParams } },
    (request, reply) => {
      const handle = Number(request.params.handle);
      const status = writeRenewal(roll.renew(handle));
      if (status === 200) return envelope(context, null);
      return whenTold(context, [handle], () =>
        reply.code(status).send(envelope(context, null, status, failures[status])),
      );
    },
  );
}

const handleOf = (item: RenewLeasesRequest[number]): number => (typeof item === 'number' ? item : item[0]);

/** A renewal that succeeds says nothing new; one that is refused may speak of a change that is not durable yet. */
function whenTold<T>({ roll, durability }: NativeContext, refused: readonly number[], answer: () => T): T | Promise<T> {
  const waits = refused.some((handle) => {
    const ref = roll.keeping.refOf(handle);
    return ref !== undefined && durability.isPending(ref);
  });
  const written = waits ? durability.written() : undefined;
  return written === undefined ? answer() : written.then(answer);
}
