import {
  type CancelRequest,
  type KeysRequest,
  type RegisterRequest,
  type SetRequest,
  schemas,
} from '@rollcall/protocol';
import type { FastifyInstance } from 'fastify';
import type { InstanceQuota } from '../../access/instance-quota.ts';
import { renews, writesInstances, writesKeys } from '../../access/route-access.ts';
import { maxBatchBodyBytes, maxBodyBytes } from '../../server-options.ts';
import { actorOf } from './actor.ts';
import { envelope, type NativeContext } from './envelope.ts';
import type { HeldLeases } from './held-leases.ts';
import { readKey, readRegistration, readSetting, writeRenewal } from './native-mapping.ts';

/** What writes work with. */
export interface WriteContext extends NativeContext {
  readonly leases: HeldLeases;
  readonly quota: InstanceQuota;
}

/** Adds the routes of the commands that change the roll: register, renew, cancel. */
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

/** Adds the route for an operator's changes of listed instances. */
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
