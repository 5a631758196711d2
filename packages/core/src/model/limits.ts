/**
 * The limits of what `register` writes. They are the same on every backend, so that what works on one works on all.
 * Other programs may have written what is read, watched or deregistered: see {@link isReadableName}.
 */
import { isIP } from 'node:net';

/** Most metadata pairs of a service, a node or an endpoint. */
export const maxMetadataPairs = 64;
/** Largest metadata value, in bytes of UTF-8. */
export const maxMetadataValueBytes = 1_024;
/** Most endpoints of a service. */
export const maxEndpoints = 256;
/** Deepest nesting of a `Value`; the outermost counts as 1. */
export const maxValueDepth = 8;
/** Largest node with its metadata and endpoints, in bytes of its JSON, where the backend sets no smaller limit. */
export const maxNodeBytes = 32_768;
/** Longest duration that is accepted anywhere: ten years, in milliseconds. */
export const maxDurationMs = 315_360_000_000;

/** The limits above as sources of regular expressions with the `u` flag, for schemas. Each matches the whole string. */
export const patterns = {
  serviceName: '^[a-z0-9][a-z0-9._-]{0,62}$',
  nodeId: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,254}$',
  version: '^[\\x20-\\x7e]{0,64}$',
  metadataKey: '^[A-Za-z0-9._/-]{1,128}$',
  namespace: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$',
  readableName: '^[^\\p{Cc}\\p{Cs}\\p{Zl}\\p{Zp}]{1,255}$',
} as const;

const name = new RegExp(patterns.serviceName, 'u');
const nodeId = new RegExp(patterns.nodeId, 'u');
const version = new RegExp(patterns.version, 'u');
const metadataKey = new RegExp(patterns.metadataKey, 'u');
const namespaceName = new RegExp(patterns.namespace, 'u');
const readableName = new RegExp(patterns.readableName, 'u');
// With the u flag this matches only unpaired surrogates.
const loneSurrogate = /[\uD800-\uDFFF]/u;
const hostPort = /^(?:\[([^\]]+)\]|([^:[\]]+)):([0-9]{1,5})$/;
const dnsLabel = /^[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** A service name as it may be written: 1-63 of `[a-z0-9._-]`, starting with a letter or digit. */
export const isServiceName = (value: string): boolean => name.test(value);

/** A node id as it may be written: 1-255 of `[A-Za-z0-9._:-]`, starting with a letter or digit. */
export const isNodeId = (value: string): boolean => nodeId.test(value);

/** A version as it may be written: 0-64 printable ASCII. */
export const isVersion = (value: string): boolean => version.test(value);

/** A metadata key as it may be written: 1-128 of `[A-Za-z0-9._/-]`. */
export const isMetadataKey = (value: string): boolean => metadataKey.test(value);

/** A namespace: 1-63 of `[A-Za-z0-9._-]`, starting with a letter or digit. */
export const isNamespace = (value: string): boolean => namespaceName.test(value);

/** Whether the text has no lone surrogate, which UTF-8 cannot carry. */
export const isWellFormed = (value: string): boolean => !loneSurrogate.test(value);

/** A name or id as it may be read, watched or deregistered: 1-255 printable characters. */
export const isReadableName = (value: string): boolean => readableName.test(value);

function isHostName(host: string): boolean {
  if (isIP(host) === 4) return true;
  // The dot at the end of an absolute name is not a label.
  const name = host.endsWith('.') ? host.slice(0, -1) : host;
  // Only digits and dots, but no IPv4 address: a mistyped address.
  return name.length <= 253 && !/^[0-9.]+$/.test(name) && name.split('.').every((label) => dnsLabel.test(label));
}

/** The parts of an address: host (IPv6 without brackets) and port. */
export function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

/** `host:port` with an IPv4 address, a DNS name (an absolute one may end in a dot), or an IPv6 address in brackets; port 1-65535. */
export function isAddress(value: string): boolean {
  const [, ipv6, host, port] = hostPort.exec(value) ?? [];
  const number = Number(port);
  if (port === undefined || number < 1 || number > 65_535) return false;
  return ipv6 === undefined ? isHostName(host ?? '') : isIP(ipv6) === 6;
}
