import {
  type CancelRequest,
  type KeysRequest,
  type RegisterRequest,
  type RenewLeasesRequest,
  schemas,
} from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import type { Caller } from '../../access/caller.ts';
import { writesHandles, writesInstances, writesKeys } from '../../access/route-access.ts';
import type { LeaseTerms } from '../../roll/instance-ref.ts';
import type { Renewal, Roll } from '../../roll/roll.ts';
import { maxBatchBodyBytes, maxBodyBytes, maxRenewalBodyBytes, smallBodyBytes } from '../../server-options.ts';
import { envelope, type NativeContext } from './envelope.ts';
import { readKey, readRegistration, writeRenewal } from './native-mapping.ts';

/** What changes the roll: register, renew, cancel. */
export function writeRoutes(app: FastifyInstance, context: NativeContext): void {
  const { roll } = context;
  app.post<{ Body: RegisterRequest }>(
    '/register',
    { bodyLimit: maxBodyBytes, config: { access: writesInstances }, schema: { body: schemas.registerBody } },
    ({ body }) =>
      envelope(context, { handles: roll.register(body.instances.map(readRegistration)).map(({ handle }) => handle) }),
  );
  app.post<{ Body: KeysRequest }>(
    '/renew',
    { bodyLimit: maxBatchBodyBytes, config: { access: writesKeys }, schema: { body: schemas.keysBody } },
    ({ body }) => envelope(context, { statuses: body.keys.map((key) => writeRenewal(roll.renewByName(readKey(key)))) }),
  );
  app.post<{ Body: CancelRequest }>(
    '/cancel',
    { bodyLimit: maxBatchBodyBytes, config: { access: writesKeys }, schema: { body: schemas.cancelBody } },
    ({ body, caller }) => {
      const done =
        'handles' in body
          ? body.handles.map((handle) => mayWrite(roll, caller, handle) && roll.release(handle))
          : body.keys.map((key) => roll.deregister(readKey(key)));
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
    { bodyLimit: maxRenewalBodyBytes, config: { access: writesHandles }, schema: { body: schemas.leasesBody } },
    ({ body, caller }) => {
      const renewals = body.map((item) => {
        if (typeof item === 'number') return renew(roll, caller, item);
        const [handle, ttlMs, renewIntervalMs] = item;
        return renew(roll, caller, handle, { ttlMs, renewIntervalMs });
      });
      return envelope(context, { statuses: renewals.map(writeRenewal) });
    },
  );
  app.put<{ Params: { handle: string } }>(
    '/leases/:handle',
    { bodyLimit: smallBodyBytes, config: { access: writesHandles }, schema: { params: schemas.handleParams } },
    (request, reply) => {
      const status = writeRenewal(renew(roll, request.caller, Number(request.params.handle)));
      if (status === 200) return envelope(context, null);
      return reply.code(status).send(envelope(context, null, status, failures[status]));
    },
  );
}

/** To a caller that may not write it, a handle is as unknown as any other; its register says why. */
const renew = (roll: Roll, caller: Caller, handle: number, terms?: LeaseTerms): Renewal =>
  mayWrite(roll, caller, handle) ? roll.renew(handle, terms) : 'unknown';

function mayWrite(roll: Roll, caller: Caller, handle: number): boolean {
  if (caller.mayAll('write')) return true;
  const instance = roll.instanceOf(handle);
  return instance === undefined || caller.may('write', instance);
}
