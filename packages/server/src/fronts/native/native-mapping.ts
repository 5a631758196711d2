/** Pure: the wire format of `/api` <-> the roll's own words. */
import type {
  InstanceInput,
  InstanceKey,
  InstanceSetting,
  InstanceStatus,
  ProtectionStatus,
  RemoveEvent,
  RenewStatus,
  Instance as WireInstance,
} from '@rollcall/protocol';
import type { Content } from '../../roll/content.ts';
import type { Change } from '../../roll/followers.ts';
import type { Instance } from '../../roll/instance.ts';
import type { InstanceRef } from '../../roll/instance-ref.ts';
import type { Registration } from '../../roll/registration.ts';
import type { Renewal } from '../../roll/roll-options.ts';
import type { Setting } from '../../roll/setting.ts';
import type { EnvironmentStatus } from '../../roll/status.ts';

/** The content of a register call, after the schema has checked it. */
export function readRegistration(input: InstanceInput): Registration {
  return {
    env: input.env,
    service: input.appid,
    id: input.hostname,
    addresses: input.addrs,
    version: input.version,
    region: input.region,
    zone: input.zone,
    status: readStatus(input.status),
    metadata: input.metadata,
    serviceMetadata: input.serviceMetadata,
    endpoints: input.endpoints,
    ttlMs: input.ttlMs,
    renewIntervalMs: input.renewIntervalMs,
    dirtyAt: input.dirtyTimestamp,
    takeOver: input.takeOver,
  };
}

/** The content of a set call. */
export const readSetting = ({ status, metadata, ...key }: InstanceSetting): Setting => ({
  ...readKey(key),
  status: readStatus(status),
  metadata,
});

function readStatus(status: InstanceStatus | undefined): 'up' | 'out' | undefined {
  if (status === undefined) return undefined;
  return status === 2 ? 'out' : 'up';
}

/** Which instance a key names. */
export const readKey = ({ env, appid, hostname }: InstanceKey): InstanceRef => ({ env, service: appid, id: hostname });

const writeKey = ({ env, service, id }: InstanceRef): InstanceKey => ({ env, appid: service, hostname: id });

/** An instance in the wire format, as JSON. Its content is in this format already. */
export function writeInstance(instance: Instance): string {
  const { ttlMs, renewIntervalMs, late } = instance;
  const others: Omit<WireInstance, keyof InstanceKey | keyof Content | 'addrs'> = {
    status: instance.status === 'up' ? 1 : 2,
    ttlMs,
    renewIntervalMs,
    regTimestamp: instance.registeredAt,
    upTimestamp: instance.upAt,
    renewTimestamp: instance.renewedAt,
    dirtyTimestamp: instance.dirtyAt,
    latestTimestamp: instance.changedAt,
    ...(late ? { late } : {}),
  };
  return joined(JSON.stringify(writeKey(instance)), instance.content, JSON.stringify(others));
}

/** Joins JSON objects into one. No object may be empty. */
const joined = (...objects: readonly string[]): string => `{${objects.map((text) => text.slice(1, -1)).join()}}`;

/** The data of a `put` or `remove` event, as JSON. */
export function writeChange(change: Change): string {
  if (change.type === 'put') return writeInstance(change.instance);
  const event: RemoveEvent = { ...writeKey(change.instance), reason: change.reason };
  return JSON.stringify(event);
}

const statuses: Readonly<Record<Renewal, RenewStatus>> = { renewed: 200, unknown: 404, taken: 409 };

/** The HTTP status of a renewal's result. */
export const writeRenewal = (renewal: Renewal): RenewStatus => statuses[renewal];

/** Self-protection in the wire format, for an operator. */
export function writeStatus({ since, firstMayGoAt, forgetsAt, ...status }: EnvironmentStatus): ProtectionStatus {
  return {
    ...status,
    ...(since === undefined ? {} : { since }),
    ...(firstMayGoAt === undefined ? {} : { firstMayGoAt }),
    ...(forgetsAt === undefined ? {} : { forgetsAt }),
    applications: status.applications.map(({ service, ...numbers }) => ({ appid: service, ...numbers })),
    heldInstances: status.heldInstances.map(({ service, id, ...times }) => ({
      appid: service,
      hostname: id,
      ...times,
    })),
  };
}
