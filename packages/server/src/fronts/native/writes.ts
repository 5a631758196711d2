import {
  type CancelRequest,
  type KeysRequest,
  type RegisterRequest,
  type RenewLeasesRequest,
  type SetRequest,
  schemas,
} from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import { maxBatchBodyBytes, maxBodyBytes, maxRenewalBodyBytes, smallBodyBytes } from '../../server-options.ts';
import { actorOf } from './actor.ts';
import { envelope, type NativeContext } from './envelope.ts';
import { readKey, readRegistration, readSetting, writeRenewal } from './native-mapping.ts';

/** What changes the roll: register, renew, cancel. */
export function writeRoutes(app: FastifyInstance, context: NativeContext): void {
  const { roll } = context;
  app.post<{ Body: RegisterRequest }>(
    '/register',
    { bodyLimit: maxBodyBytes, schema: { body: schemas.registerBody } },
    (request) => {
      const leases = roll.register(request.body.instances.map(readRegistration), actorOf(request));
      return envelope(context, { handles: leases.map(({ handle }) => handle) });
    },
  );
  app.post<{ Body: KeysRequest }>(
    '/renew',
    { bodyLimit: maxBatchBodyBytes, schema: { body: schemas.keysBody } },
    ({ body }) => envelope(context, { statuses: body.keys.map((key) => writeRenewal(roll.renewByName(readKey(key)))) }),
  );
  app.post<{ Body: CancelRequest }>(
    '/cancel',
    { bodyLimit: maxBatchBodyBytes, schema: { body: schemas.cancelBody } },
    (request) => {
      const { body } = request;
      const by = actorOf(request);
      const done =
        'handles' in body
          ? body.handles.map((handle) => roll.release(handle, by))
          : body.keys.map((key) => roll.deregister(readKey(key), by, key.handle));
      return envelope(context, { cancelled: done.filter(Boolean).length });
    },
  );
}

/** An operator's changes of what is listed. */
export function setRoute(app: FastifyInstance, context: NativeContext): void {
  const { roll } = context;
  app.post<{ Body: SetRequest }>(
    '/set',
    { bodyLimit: maxBatchBodyBytes, schema: { body: schemas.setBody } },
    (request, reply) => {
      const { instances } = request.body;
      const unknown = roll.set(instances.map(readSetting), actorOf(request));
      if (unknown === undefined) return envelope(context, { set: instances.length });
      const message = `${unknown.id} of ${unknown.service} is not on the roll of ${unknown.env}: nothing has changed`;
      return reply.code(404).send(envelope(context, null, 404, message));
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
      return envelope(context, { statuses: renewals.map(writeRenewal) });
    },
  );
  app.put<{ Params: { handle: string } }>(
    '/leases/:handle',
    { bodyLimit: smallBodyBytes, schema: { params: schemas.handleParams } },
    (request, reply) => {
      const status = writeRenewal(roll.renew(Number(request.params.handle)));
      if (status === 200) return envelope(context, null);
      return reply.code(status).send(envelope(context, null, status, failures[status]));
    },
  );
}
