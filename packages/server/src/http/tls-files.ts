import { createPrivateKey, X509Certificate } from 'node:crypto';
import { RegistryError } from '@rollcall/core';
import { readTextFile } from './read-text-file.ts';

/** Paths of a server's PEM files. */
export interface TlsPaths {
  /** The server's certificate, followed by the intermediate certificates. */
  readonly cert: string;
  /** The key of the certificate, without a passphrase. */
  readonly key: string;
  /** The authorities that sign client certificates. With this file, clients without a certificate are refused. */
  readonly clientCa?: string | undefined;
}

/** The content of the files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string | undefined;
}

/**
 * Reads and checks the files.
 *
 * @throws RegistryError `INVALID_ARGUMENT`: a file cannot be read, is not PEM, has expired, or holds the key of
 *   another certificate.
 */
export function readTlsFiles({ cert: certPath, key: keyPath, clientCa: caPath }: TlsPaths, wallNow: number): TlsFiles {
  const { text: cert, certificates } = readCertificates('certificate', certPath, wallNow);
  const { text: key, privateKey } = readKey(keyPath);
  if (!certificates[0]?.checkPrivateKey(privateKey))
    refuse(
      `the key in ${keyPath} is not that of the first certificate in ${certPath}: the server's own must come first`,
    );
  if (caPath === undefined) return { cert, key };
  return { cert, key, clientCa: readCertificates('client authority', caPath, wallNow).text };
}

/** All that is wrong with the files, by the path that it concerns. */
export function tlsFileProblems(paths: TlsPaths, wallNow: number): readonly (readonly [keyof TlsPaths, unknown])[] {
  const { cert, key, clientCa } = paths;
  const problems: (readonly [keyof TlsPaths, unknown])[] = [];
  const attempt = (path: keyof TlsPaths, read: () => unknown): void => {
    try {
      read();
    } catch (cause) {
      problems.push([path, cause]);
    }
  };
  attempt('cert', () => readCertificates('certificate', cert, wallNow));
  attempt('key', () => readKey(key));
  // A certificate and a key can be compared only if both can be read.
  if (problems.length === 0) attempt('key', () => readTlsFiles({ cert, key }, wallNow));
  if (clientCa !== undefined) attempt('clientCa', () => readCertificates('client authority', clientCa, wallNow));
  return problems;
}

function readCertificates(what: string, path: string, wallNow: number) {
  const text = readText(what, path);
  return { text, certificates: certificatesOf(text, path, wallNow) };
}

function readKey(path: string) {
  const text = readText('key', path);
  return { text, privateKey: keyOf(text, path) };
}

function refuse(message: string, cause?: unknown): never {
  throw new RegistryError('INVALID_ARGUMENT', message, { cause, registry: 'server' });
}

function readText(what: string, path: string): string {
  try {
    return readTextFile(path);
  } catch (cause) {
    return refuse(
      `cannot read the ${what} file: ${cause instanceof Error ? cause.message : String(cause)}; name a file that the server may read`,
      cause,
    );
  }
}

const block = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

function certificatesOf(text: string, path: string, wallNow: number): readonly X509Certificate[] {
  const blocks =
    text.match(block) ?? refuse(`${path} holds no PEM certificate, which begins with -----BEGIN CERTIFICATE-----`);
  return blocks.map((pem) => {
    const certificate = parse(pem, path);
    const name = `the certificate of ${JSON.stringify(certificate.subject.replaceAll('\n', ', '))} in ${path}`;
    if (millisecondsOf(certificate.validTo) <= wallNow)
      refuse(`${name} has expired: it was valid to ${certificate.validTo}, so renew it`);
    if (millisecondsOf(certificate.validFrom) > wallNow)
      refuse(`${name} is not valid before ${certificate.validFrom}: is the clock of this machine right?`);
    return certificate;
  });
}

// biome-ignore lint/style/noRestrictedGlobals: it parses a date and reads no clock.
const millisecondsOf = (date: string): number => Date.parse(date);

function parse(pem: string, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    return refuse(`${path} holds a certificate that cannot be read: copy it whole`, cause);
  }
}

function keyOf(text: string, path: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    // OpenSSL's message may quote the file.
    return refuse(`${path} holds no PEM key, or one with a passphrase: the server takes keys without one`, cause);
  }
}
