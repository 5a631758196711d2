import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** The prefix by which scanners for leaked secrets, and people, recognise a token. */
const prefix = 'rct_';
const hashPrefix = 'sha256:';

/** A new token: 256 random bits. */
export const newToken = (): string => `${prefix}${randomBytes(32).toString('base64url')}`;

/**
 * The stored form of a token. A slow hash would protect guessable secrets, but 256 random bits cannot be guessed at any
 * speed, and every request needs the hash once.
 */
export const hashToken = (token: string): string => `${hashPrefix}${digest(token).toString('hex')}`;

/** Whether a text has the form that {@link hashToken} returns. */
export const isTokenHash = (text: unknown): text is string =>
  typeof text === 'string' && /^sha256:[0-9a-f]{64}$/.test(text);

const digest = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Values by the hash of a token. It never compares tokens themselves, and compares hashes in constant time. */
export class TokenIndex<T> {
  readonly #byHash = new Map<string, { readonly digest: Buffer; readonly value: T }>();

  constructor(values: Iterable<readonly [hash: string, value: T]>) {
    for (const [hash, value] of values)
      this.#byHash.set(hash, { digest: Buffer.from(hash.slice(hashPrefix.length), 'hex'), value });
  }

  get size(): number {
    return this.#byHash.size;
  }

  find(token: string): T | undefined {
    const given = digest(token);
    // The duration of the search depends on the hash of the sent token, and a hash does not reveal a token.
    const known = this.#byHash.get(`${hashPrefix}${given.toString('hex')}`);
    return known !== undefined && timingSafeEqual(known.digest, given) ? known.value : undefined;
  }
}
