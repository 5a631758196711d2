import { readFileSync } from 'node:fs';
import { checkTls, parseHeaderToken, type TlsPaths } from '@rollcall/core/adapter';
import { tlsNames } from '../discovery-error.ts';
import { HttpError } from './http-error.ts';

/** PEM texts: what a TLS connection is made with, beyond what Node believes by itself. */
export interface TlsTexts {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Where they come from. */
export interface CredentialSources {
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly tlsFiles: TlsPaths | undefined;
}

/**
 * What a client shows to a server. Files are read when they are first needed, and again when the server does not take what
 * was in them: they are replaced while a program runs.
 */
export class Credentials {
  readonly #sources: CredentialSources;
  #token: string | undefined;
  #tls: TlsTexts | undefined;

  constructor(sources: CredentialSources) {
    this.#sources = sources;
    this.#token = sources.token;
  }

  /** Throws {@link HttpError} where the file cannot be used. */
  get token(): string | undefined {
    this.#token ??= this.#readToken();
    return this.#token;
  }

  /** Throws {@link HttpError} where a file cannot be used. */
  get tls(): TlsTexts {
    this.#tls ??= this.#readTls();
    return this.#tls;
  }

  /** The server refused `used`: whether the file now holds another. */
  hasOtherToken(used: string | undefined): boolean {
    try {
      this.#token = this.#readToken() ?? this.#token;
    } catch {
      // It is being replaced, or has been taken away: what was in it stays.
    }
    return this.#token !== used;
  }

  /** A connection with `used` failed: whether the files now hold others. */
  hasOtherTls(used: TlsTexts): boolean {
    try {
      const now = this.#readTls();
      const isSame = this.#tls?.ca === now.ca && this.#tls?.cert === now.cert && this.#tls?.key === now.key;
      if (!isSame) this.#tls = now;
    } catch {
      // Likewise: certificate and key are replaced one after the other.
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
    throw new HttpError(`cannot be asked: ${cause instanceof Error ? cause.message : String(cause)}`, 401);
  }
}

function parseToken(text: string, path: string): string | undefined {
  try {
    return parseHeaderToken(text, 'discovery', path);
  } catch (cause) {
    throw new HttpError(`cannot be asked: ${cause instanceof Error ? cause.message : String(cause)}`, 401);
  }
}
