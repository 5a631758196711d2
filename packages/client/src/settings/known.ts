/** Refuses unknown options. Otherwise a misspelt `timeout`, or a `version` given to a call, would be ignored. */
import { RegistryError } from '@rollcall/core';
import type { CallPolicy, ClientOptions, DefaultPolicy, SelectOptions } from '../options.ts';

const selectNames = {
  strategy: true,
  version: true,
  filter: true,
  split: true,
  zone: true,
} satisfies Record<keyof SelectOptions, true>;

const policyNames = {
  timeoutMs: true,
  attempts: true,
  idempotent: true,
  retryStatus: true,
  hedgeMs: true,
  waitForNodeMs: true,
} satisfies Record<keyof DefaultPolicy, true>;

const callNames = { ...policyNames, key: true } satisfies Record<keyof CallPolicy, true>;
const serviceNames = { ...selectNames, ...policyNames, ejection: true } as const;

const clientNames = {
  ...serviceNames,
  services: true,
  guard: true,
  retryShare: true,
  slowStartMs: true,
  subsetSize: true,
  clientId: true,
  snapshotFile: true,
  connectTimeoutMs: true,
  fetch: true,
  probe: true,
  random: true,
  clock: true,
  logger: true,
} satisfies Record<keyof ClientOptions, true>;

const names: Readonly<Record<'client' | 'service' | 'selection' | 'fetch' | 'call', Readonly<Record<string, true>>>> = {
  client: clientNames,
  service: serviceNames,
  selection: selectNames,
  fetch: callNames,
  call: { ...callNames, outcomeOf: true },
};

/** Throws `INVALID_ARGUMENT` for an option that `of` does not have. `field`: the name of the object in the message. */
export function checkKnown(options: object | undefined, of: keyof typeof names, field: string): void {
  for (const name in options) {
    if (Object.hasOwn(names[of], name)) continue;
    const belongs = (of === 'fetch' || of === 'call') && Object.hasOwn(selectNames, name);
    const rule = belongs
      ? `is no option of a call: select by client.service(name, { ${name} }), or in the options of createClient`
      : `is unknown; an option must be one of ${Object.keys(names[of]).join(', ')}`;
    throw new RegistryError('INVALID_ARGUMENT', `${field}: ${name} ${rule}`);
  }
}
