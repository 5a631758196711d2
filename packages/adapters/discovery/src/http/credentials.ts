import { readFileSync } from 'node:fs';
import { checkTls, parseHeaderToken, type TlsPaths } from '@rollcall/core/adapter';
import { tlsNames } from '../discovery-error.ts';
import { HttpError } from './http-error.ts';

/** PEM texts that a TLS connection uses in addition to Node's own authorities. */
export interface TlsTexts {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Where the credentials come from. */
export interface CredentialSources {
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly tlsFiles: TlsPaths | undefined;
}

/**
 * The credentials of a client. Files are read when they are first needed, and again when the server refuses their
 * content, since they may be replaced while a program runs.
 */
export class Credentials {
  readonly #sources: CredentialSources;
  #token: string | undefined;
  #tls: TlsTexts | undefined;

  constructor(sources: CredentialSources) {
    this.#sources = sources;
    this.#token = sources.token;
  }

  /** The token, read from its file at first. Throws {@link HttpError} where the file cannot be used. */
  get token(): string | undefined {
    this.#token ??= this.#readToken();
    return this.#token;
  }

  /** The certificates, read from their files at first. Throws {@link HttpError} where a file cannot be used. */
  get tls(): TlsTexts {
    this.#tls ??= this.#readTls();
    return this.#tls;
  }

  /** The server refused the token `used`: returns whether the file now holds another one. */
  hasOtherToken(used: string | undefined): boolean {
    try {
      this.#token = this.#readToken() ?? this.#token;
    } catch {
      // The file is being replaced, or has been removed: its earlier content stays in use.
    }
    return this.#token !== used;
  }

  /** A connection with `used` failed: returns whether the files now hold other certificates. */
  hasOtherTls(used: TlsTexts): boolean {
    try {
      const now = this.#readTls();
      const isSame = this.#tls?.ca === now.ca && this.#tls?.cert === now.cert && this.#tls?.key === now.key;
      if (!isSame) this.#tls = now;
    } catch {
      // The files do not fit together yet, since certificate and key are replaced one after the other: their earlier
      // content stays in use.
    }
    return this.#tls !== used;
  }

  #readToken(): string | undefined {
    const { tokenFile } = this.#sources;
    return tokenFile === undefined ? undefined : parseToken(readText(tokenFile), tokenFile);
  }

  #readTls(): TlsTexts {
    const { ca, cert, key } = this.#sources.tlsFiles ?? {};
    const texts = { ca: ca && readText(ca), cert: cert && readText(cert), key: key && readText(key) };
    try {
      checkTls(texts, tlsNames, 'discovery');
    } catch (cause) {
      throw new HttpError(`cannot be asked: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    return texts;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new HttpError(`cannot be asked: ${why}; this process must be able to read the file`, 401);
  }
}

function parseToken(text: string, path: string): string | undefined {
  try {
    return parseHeaderToken(text, 'discovery', `the token in ${path}`);
  } catch (cause) {
    throw new HttpError(`cannot be asked: ${cause instanceof Error ? cause.message : String(cause)}`, 401);
  }
}
