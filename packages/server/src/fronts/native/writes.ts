import {
  type CancelRequest,
  type KeysRequest,
  type RegisterRequest,
  type RenewLeasesRequest,
  type SetRequest,
  schemas,
} from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import type { InstanceQuota } from '../../access/instance-quota.ts';
import { renews, writesHandles, writesInstances, writesKeys } from '../../access/route-access.ts';
import { maxBatchBodyBytes, maxBodyBytes, maxRenewalBodyBytes, smallBodyBytes } from '../../server-options.ts';
import { actorOf } from './actor.ts';
import { envelope, type NativeContext } from './envelope.ts';
import type { HeldLeases } from './held-leases.ts';
import { readKey, readRegistration, readSetting, writeRenewal } from './native-mapping.ts';

/** What writes work with. */
export interface WriteContext extends NativeContext {
  readonly leases: HeldLeases;
  readonly quota: InstanceQuota;
}

/** The commands that change the roll: register, renew, cancel. */
export function writeRoutes(app: FastifyInstance, context: WriteContext): void {
  const { roll, durability, leases, quota } = context;
  app.post<{ Body: RegisterRequest }>(
    '/register',
    {
      bodyLimit: maxBodyBytes,
      config: { access: writesInstances('register') },
      schema: { body: schemas.registerBody },
    },
    async (request) => {
      const { body, caller } = request;
      const registrations = body.instances.map(readRegistration);
      quota.check(caller, registrations);
      const handles = roll.register(registrations, actorOf(request)).map(({ handle }) => handle);
      quota.registered(caller, registrations);
      await durability.written();
      const secrets = leases.secretsOf(handles);
      return envelope(context, secrets === undefined ? { handles } : { handles, secrets });
    },
  );
  app.post<{ Body: KeysRequest }>(
    '/renew',
    { bodyLimit: maxBatchBodyBytes, config: { access: writesKeys(renews) }, schema: { body: schemas.keysBody } },
    async ({ body, caller }) => {
      const refs = body.keys.map(readKey);
      leases.checkNames(caller, refs);
      const renewals = refs.map((ref) => roll.renewByName(ref));
      if (refs.some((ref) => durability.isPending(ref))) await durability.written();
      return envelope(context, { statuses: renewals.map(writeRenewal) });
    },
  );
  app.post<{ Body: CancelRequest }>(
    '/cancel',
    { bodyLimit: maxBatchBodyBytes, config: { access: writesKeys('cancel') }, schema: { body: schemas.cancelBody } },
    async (request) => {
      const { body, caller } = request;
      const by = actorOf(request);
      if ('handles' in body) {
        const { handles, secrets } = body;
        request.effects = handles.map((handle, index) =>
          leases.release(caller, { handle, secret: secrets?.[index] }, by),
        );
      } else {
        const refs = body.keys.map(readKey);
        leases.checkNames(caller, refs);
        request.effects = body.keys.map((key) => roll.deregister(readKey(key), by, key.handle));
      }
      const cancelled = request.effects.filter((hasEffect) => hasEffect).length;
      await durability.written();
      return envelope(context, { cancelled });
    },
  );
}

/** An operator's changes of listed instances. */
export function setRoute(app: FastifyInstance, context: WriteContext): void {
  const { roll, durability, leases } = context;
  app.post<{ Body: SetRequest }>(
    '/set',
    { bodyLimit: maxBatchBodyBytes, config: { access: writesInstances('set') }, schema: { body: schemas.setBody } },
    async (request, reply) => {
      const settings = request.body.instances.map(readSetting);
      leases.checkNames(request.caller, settings);
      const unknown = roll.set(settings, actorOf(request));
      await durability.written();
      if (unknown === undefined) return envelope(context, { set: settings.length });
      const message = `${unknown.id} of ${unknown.service} is not on the roll of ${unknown.env}: nothing has changed`;
      return reply.code(404).send(envelope(context, null, 404, message));
    },
  );
}

const failures = {
  404: 'LEASE_UNKNOWN: register again',
  409: 'LEASE_TAKEN: another client holds this instance',
} as const;

/** The secret of the lease whose handle is in the path. It is a header, because paths are written into logs. */
const secretHeader = 'lease-secret';

/** Renewals by handle: the hot path. */
export function leaseRoutes(app: FastifyInstance, context: WriteContext): void {
  const { leases } = context;
  app.put<{ Body: RenewLeasesRequest }>(
    '/leases',
    { bodyLimit: maxRenewalBodyBytes, config: { access: writesHandles(renews) }, schema: { body: schemas.leasesBody } },
    ({ body, caller }) => {
      const renewals = body.map((item) => {
        if (typeof item === 'number') return leases.renew(caller, { handle: item });
        if (item.length === 2) return leases.renew(caller, { handle: item[0], secret: item[1] });
        const [handle, ttlMs, renewIntervalMs, secret] = item;
        return leases.renew(caller, { handle, secret }, { ttlMs, renewIntervalMs });
      });
      const refused = body.filter((_, index) => renewals[index] !== 'renewed').map(handleOf);
      return whenTold(context, refused, () => envelope(context, { statuses: renewals.map(writeRenewal) }));
    },
  );
  app.put<{ Params: { handle: string } }>(
    '/leases/:handle',
    { bodyLimit: smallBodyBytes, config: { access: writesHandles(renews) }, schema: { params: schemas.handleParams } },
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

const handleOf = (item: RenewLeasesRequest[number]): number => (typeof item === 'number' ? item : item[0]);

/** A successful renewal reveals nothing new; a refused one may reveal a change that is not durable yet. */
function whenTold<T>({ roll, durability }: NativeContext, refused: readonly number[], answer: () => T): T | Promise<T> {
  const waits = refused.some((handle) => {
    const ref = roll.instanceOf(handle);
    return ref !== undefined && durability.isPending(ref);
  });
  const written = waits ? durability.written() : undefined;
  return written === undefined ? answer() : written.then(answer);
}
