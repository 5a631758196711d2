/**
 * What TLS needs, and what a failed handshake means, in words that help: OpenSSL names neither the option nor the side
 * at fault.
 */
import { createSecureContext } from 'node:tls';
import { invalidOption } from './readers.ts';

/** The option names that a backend's users know, such as `CONSUL_CACERT or tls.ca`. */
export interface TlsNames {
  /** The authority that signed the server's certificate. */
  readonly ca: string;
  /** The client's own certificate. */
  readonly cert: string;
}

const hints: readonly (readonly [RegExp, (names: TlsNames) => string])[] = [
  // A TLS alert comes from the server.
  [
    /alert (?:\w+ )*(?:certificate|unknown ca|handshake failure)/i,
    ({ cert }) => `the server accepts only clients with a certificate that it trusts: name yours in ${cert}`,
  ],
  [
    /unable to (?:get|verify)|self.signed certificate|unknown authority/i,
    ({ ca }) => `the certificate of the server is not trusted: name its authority in ${ca}`,
  ],
  [
    /wrong version number|packet length too long|before secure TLS connection/i,
    () => 'if the server speaks no TLS there, use an http:// address',
  ],
  [
    /socket hang up|^Failed to connect|^Protocol error|HTTP request to an HTTPS server|Parse Error/i,
    ({ ca }) => `if the server speaks TLS there, use an https:// address and name its authority in ${ca}`,
  ],
];

/** Removes OpenSSL's source locations from a message, and adds what to do where TLS may be the reason. */
export function explainTls(message: string, names: TlsNames): string {
  const said = message
    .replace(/^(?:write EPROTO )?[0-9A-F]+:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):.*$/s, 'TLS: $1')
    .trim();
  const hint = hints.find(([pattern]) => pattern.test(said))?.[1](names);
  return hint === undefined ? said : `${said} (${hint})`;
}

/** PEM texts. */
interface TlsFiles {
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
}

/**
 * Throws `INVALID_ARGUMENT` for PEM texts that cannot make a connection. Without this check they would later look like
 * a backend that is down.
 */
export function checkTls({ ca, cert, key }: TlsFiles, names: TlsNames, registry: string): void {
  // OpenSSL accepts a text without any certificate as an empty list.
  if (ca !== undefined && !/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(ca.toString()))
    throw invalidOption(
      registry,
      `${names.ca}: no PEM certificate was found, which begins with -----BEGIN CERTIFICATE-----`,
    );
  if ((cert === undefined) !== (key === undefined))
    throw invalidOption(registry, `${names.cert}: certificate and key must be given together`);
  if (cert === undefined || key === undefined) return;
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw invalidOption(registry, `${names.cert}: these are no PEM certificate and its key: ${why}`, cause);
  }
}
