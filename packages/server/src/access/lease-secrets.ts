import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * The secrets beside handles, which count up and so can be guessed. A secret is worked out from its handle and a key of this
 * start: nothing is stored for each lease. After a restart they are others, and clients register again.
 */
export class LeaseSecrets {
  readonly #key = randomBytes(32);

  /** 128 bits as text. */
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
