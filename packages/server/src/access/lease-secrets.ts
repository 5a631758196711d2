import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * The secrets beside handles: handles count up, so they can be guessed. A secret is derived from its handle and a key
 * of this start, so nothing is stored per lease. After a restart all secrets change, and clients register again.
 */
export class LeaseSecrets {
  readonly #key = randomBytes(32);

  /** The secret of a handle: 128 bits as text. */
  of(handle: number): string {
    return this.#digest(handle).toString('base64url');
  }

  /** Whether `secret` belongs to the handle. */
  fits(handle: number, secret: string | undefined): boolean {
    const given = Buffer.from(secret ?? '', 'base64url');
    const wanted = this.#digest(handle);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #digest(handle: number): Buffer {
    return createHmac('sha256', this.#key).update(`${handle}`).digest().subarray(0, 16);
  }
}
