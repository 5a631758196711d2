import { anonymous, type Caller } from '../../access/caller.ts';
import type { LeaseSecrets } from '../../access/lease-secrets.ts';
import { refusal } from '../../http/refusal.ts';
import type { Actor } from '../../roll/evidence.ts';
import type { InstanceRef } from '../../roll/instance-ref.ts';
import type { LeaseTerms } from '../../roll/lease-terms.ts';
import type { Roll } from '../../roll/roll.ts';
import type { Renewal } from '../../roll/roll-options.ts';

/** A handle, and with lease secrets its secret. */
export interface GivenHandle {
  readonly handle: number;
  readonly secret?: string | undefined;
}

/** Renewals and withdrawals, limited to what their caller may do. */
export class HeldLeases {
  readonly #roll: Roll;
  readonly #secrets: LeaseSecrets | undefined;

  constructor(roll: Roll, secrets: LeaseSecrets | undefined) {
    this.#roll = roll;
    this.#secrets = secrets;
  }

  /** The secrets of new handles, where the server uses secrets. */
  secretsOf(handles: readonly number[]): readonly string[] | undefined {
    const secrets = this.#secrets;
    return secrets && handles.map((handle) => secrets.of(handle));
  }

  /** For a caller without the right to write its instance, a handle looks unknown; the register call that follows says why. */
  renew(caller: Caller, given: GivenHandle, terms?: LeaseTerms): Renewal {
    return this.#knows(caller, given) ? this.#roll.renew(given.handle, terms) : 'unknown';
  }

  /** Withdraws by handle. Returns false when the handle holds nothing for this caller. */
  release(caller: Caller, given: GivenHandle, by: Actor): boolean {
    return this.#knows(caller, given) && this.#roll.release(given.handle, by);
  }

  /**
   * Throws a refusal with 403 where a name is not enough: with lease secrets, only an admin's token renews or cancels a
   * listed instance without its secret.
   */
  checkNames(caller: Caller, refs: readonly InstanceRef[]): void {
    if (this.#secrets === undefined) return;
    const held = refs.find((ref) => !(caller !== anonymous && caller.may('admin', ref)) && this.#roll.isListed(ref));
    if (held === undefined) return;
    const message = `${held.service}/${held.id} is renewed and cancelled by its holder alone, which has the secret of its lease`;
    throw refusal(403, message);
  }

  #knows(caller: Caller, { handle, secret }: GivenHandle): boolean {
    if (this.#secrets !== undefined && !this.#secrets.fits(handle, secret)) return false;
    if (caller.mayAll('write')) return true;
    const instance = this.#roll.instanceOf(handle);
    return instance === undefined || caller.may('write', instance);
  }
}
