import { RegistryError } from '@rollcall/core';
import type { EntryKey } from '@rollcall/core/adapter';

/** The error for a node that another live host announces. */
export function heldElsewhere({ name, id }: EntryKey, where: string): RegistryError {
  const message = `node ${id} of ${name} is announced by another registry${where}: give this one another id, or stop that one`;
  return new RegistryError('CONFLICT', message);
}

/** The error where go-micro's shape alone is enabled, and has no room for the node. */
export function noForm({ name, id }: EntryKey): RegistryError {
  const message = `node ${id} of ${name} does not fit go-micro's records, which need an IP address, names that are DNS labels, and room in one packet: leave dnsSd on`;
  return new RegistryError('NOT_SUPPORTED', message);
}

/** The warning about a node that is announced only in DNS-SD, because go-micro's shape has no room for it. */
export const noGoMicroForm = ({ name, id }: EntryKey): string =>
  `mDNS: node ${id} of ${name} does not fit go-micro's records, which need an IP address, names that are DNS labels, and room in one packet: it is announced in DNS-SD alone, and go-micro does not see it`;

/** The warning when two registries announce one node. */
export const contested = ({ name, id }: EntryKey): string =>
  `mDNS: another registry announces node ${id} of ${name}, as this process does: give one of them another id`;

/** The warning when this registry gives the node up to another one. */
export const givenUp = ({ name, id }: EntryKey): string =>
  `mDNS: gave up node ${id} of ${name}, because another registry announces it: give one of them another id`;

/** The error for a node of another announcer, since only the announcer of a node can withdraw it. */
export function notOurs({ name, id }: EntryKey, where: string): RegistryError {
  const message = `node ${id} of ${name} is announced by another registry${where}: on mDNS only the registry that registered a node can deregister it`;
  return new RegistryError('NOT_SUPPORTED', message);
}

/** The error when no interface can send. `reasons` has one reason for each that was tried. */
export function noNetwork(reasons: readonly string[]): RegistryError {
  const message = `mDNS cannot work here: ${reasons.join('; ')}. \`rollcall doctor --registry=mdns\` says more`;
  return new RegistryError('UNAVAILABLE', message);
}

const remedies: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'another program holds UDP port 5353 for itself: stop it, or let it share the port (SO_REUSEADDR), as avahi and systemd-resolved do',
  EACCES: 'this process may not use UDP port 5353: allow it to, or run it under another user',
  EPERM: 'a firewall of this machine drops what is sent: allow UDP port 5353 to 224.0.0.251 and ff02::fb',
  ENETUNREACH: 'there is no way to send multicast: bring the interface up, with an address',
  ENODEV: 'the interface has no multicast, or is gone: name another',
  EADDRNOTAVAIL: 'the address of the interface cannot be used yet: wait some seconds',
};

/** What went wrong on an interface, with what to do. */
export function explain(where: string, cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const what = cause instanceof Error ? cause.message : String(cause);
  return `${where}: ${remedies[code] === undefined ? what : `${remedies[code]} (${what})`}`;
}

/** Translates any failure into a `RegistryError`. */
export function toMdnsError(cause: unknown): RegistryError {
  return new RegistryError(
    'INTERNAL',
    `the mdns adapter failed: ${String(cause)}; this is a defect of Rollcall, please report it`,
    { cause },
  );
}
