/** Readers of input from outside: settings, environment variables and records of other writers. */
import { isIP } from 'node:net';
import type { Metadata } from '../contract.ts';
import { RegistryError } from '../errors.ts';
import { isAddress } from '../model/limits.ts';
import type { EntryKey } from './driver.ts';

/** The error `INVALID_ARGUMENT` for an option of the registry. `message` names the option and what it must be. */
export function invalidOption(registry: string, message: string, cause?: unknown): RegistryError<'INVALID_ARGUMENT'> {
  return new RegistryError('INVALID_ARGUMENT', message, { registry, ...(cause === undefined ? {} : { cause }) });
}

/**
 * The error `INVALID_ARGUMENT` for a file that cannot be read. `source` is the option or the variable that names the
 * file.
 */
export function unreadableFile(registry: string, source: string, path: string, cause: unknown): RegistryError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return invalidOption(
    registry,
    `${source}: ${path} cannot be read (${why}): name a file that this process can read`,
    cause,
  );
}

/** The error `CONFLICT`: a renewal found that `holder`, such as "another registry object", holds the node. */
export function conflict(registry: string, { name, id }: EntryKey, holder: string): RegistryError<'CONFLICT'> {
  return new RegistryError(
    'CONFLICT',
    `node ${id} of ${name} was taken over by ${holder}, so give each process its own id`,
    { registry },
  );
}

/** One endpoint of a backend. */
export interface BackendEndpoint {
  /** Whether the endpoint speaks TLS. */
  readonly secure: boolean;
  /** The host; IPv6 without brackets. */
  readonly host: string;
  /** The port. */
  readonly port: number;
  /** `host:port`, IPv6 in brackets. */
  readonly address: string;
  /** `http://host:port` or `https://host:port`, with an explicit port. */
  readonly origin: string;
  /** The base path without its last slash; `''`: none. */
  readonly path: string;
}

/** Options of {@link parseEndpoints}. */
export interface EndpointRules {
  /** The adapter's name, for errors. */
  readonly registry: string;
  /** Where the backend is when no address is given. */
  readonly defaults: readonly string[];
  /** What messages call the option; default `addresses`. */
  readonly source?: string | undefined;
  /**
   * Port of an address that names none. A URL without a port gets the port of its scheme unless `urlPort` is `default`.
   */
  readonly defaultPort: number;
  /** Which port a URL without one gets; default `scheme`. */
  readonly urlPort?: 'scheme' | 'default' | undefined;
  /** Whether a URL may have a path. */
  readonly paths?: boolean | undefined;
  /** Scheme of an address without one; default `http`. */
  readonly scheme?: 'http' | 'https' | undefined;
}

/** The endpoints, each once; empty items are ignored. Throws `INVALID_ARGUMENT`. */
export function parseEndpoints(addresses: unknown, rules: EndpointRules): readonly BackendEndpoint[] {
  if (addresses !== undefined && !Array.isArray(addresses))
    throw invalidOption(rules.registry, 'addresses must be an array of host:port or http(s)://host:port');
  const given = (addresses ?? []).filter((address) => typeof address !== 'string' || address.trim() !== '');
  const wanted: readonly unknown[] = given.length > 0 ? given : rules.defaults;
  const endpoints = wanted.map((address) => parseEndpoint(address, rules));
  return [...new Map(endpoints.map((endpoint) => [endpoint.origin + endpoint.path, endpoint])).values()];
}

function parseEndpoint(value: unknown, rules: EndpointRules): BackendEndpoint {
  const { registry, source = 'addresses', defaultPort, urlPort = 'scheme', paths = false, scheme = 'http' } = rules;
  const rule = `must be host:port or http(s)://host:port${paths ? '[/path]' : ''}`;
  if (typeof value !== 'string') throw invalidOption(registry, `${source}: ${String(value)} ${rule}`);
  const text = value.trim();
  const hasScheme = /^https?:\/\//i.test(text);
  const full = hasScheme ? text : `${scheme}://${text}`;
  // URL parsing would take the scheme of `ftp://host`, `http:/host` or `http//host` for a host, and the token would be
  // sent to it.
  const isOther = !hasScheme && /^[a-z][a-z0-9+.-]*(?::\/|\/\/)/i.test(text);
  const url = !isOther && isWritten(full) && URL.canParse(full) ? new URL(full) : undefined;
  // The message does not repeat the address, which may hold a password.
  if (url !== undefined && (url.username !== '' || url.password !== ''))
    throw invalidOption(registry, `${source}: ${rule}, without a user`);
  const path = url?.pathname.replace(/\/+$/, '') ?? '';
  if (url === undefined || url.hostname === '' || url.search !== '' || url.hash !== '' || (path !== '' && !paths))
    throw invalidOption(registry, `${source}: ${JSON.stringify(value)} ${rule}`);
  const secure = url.protocol === 'https:';
  // A URL drops the default port of its scheme, so only the text tells whether a port was given.
  const explicit = /:(\d+)$/.exec(/^[^/?#]*/.exec(full.replace(/^https?:\/\//i, ''))?.[0] ?? '')?.[1];
  const schemePort = hasScheme && urlPort === 'scheme' ? (secure ? 443 : 80) : defaultPort;
  const port = explicit === undefined ? schemePort : Number(explicit);
  if (port < 1 || port > 65_535) throw invalidOption(registry, `${source}: ${JSON.stringify(value)} ${rule}`);
  const address = `${url.hostname}:${port}`;
  // URL parsing reads 10.0.5 as 10.0.0.5, and accepts `a,b` and `*` as names.
  const isMistyped = !isAddress(address) || (isIP(url.hostname) === 4 && !full.includes(`//${url.hostname}`));
  if (isMistyped) throw invalidOption(registry, `${source}: ${JSON.stringify(value)} ${rule}`);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { secure, host, port, address, origin: `${url.protocol}//${address}`, path };
}

/**
 * Whether the text has none of the characters that URL parsing drops or reads as a slash, so that the text can be
 * compared with the URL.
 */
const isWritten = (text: string): boolean => !/[\s\\\p{Cc}]/u.test(text);

/** A token that fits into a header, without white space around it. Throws `INVALID_ARGUMENT`, which names `source`. */
export function parseHeaderToken(token: unknown, registry: string, source = 'token'): string | undefined {
  if (token === undefined) return undefined;
  const text = typeof token === 'string' ? token.trim() : '';
  if (/^[\x21-\x7e]{1,4096}$/.test(text)) return text;
  throw invalidOption(registry, `${source} must be 1-4096 printable ASCII characters without spaces`);
}

const timeUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** `500ms`, `5s`, `2m`, `1h` in milliseconds; `unitless` is the unit of a bare number. Undefined for other text. */
export function parseTime(text: string, unitless?: keyof typeof timeUnits): number | undefined {
  const [, amount, unit = unitless ?? ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = Number(amount) * (timeUnits[unit] ?? Number.NaN);
  return ms > 0 ? ms : undefined;
}

/**
 * The string pairs of any value. A freshly parsed object has no other owner, so it is returned uncopied when all its
 * pairs are strings.
 */
export function readMetadata(value: unknown): Metadata {
  if (typeof value !== 'object' || value === null) return {};
  if (!Array.isArray(value) && Object.values(value).every((field) => typeof field === 'string'))
    return value as Metadata;
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
