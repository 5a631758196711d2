import { randomBytes } from 'node:crypto';
import { RegistryError } from '@rollcall/core';

/** The roll's place in its history, and whether it accepts changes. */
export class Position {
  /** A new epoch begins with each start without an earlier roll. */
  epoch: string = randomBytes(8).toString('hex');
  revision = 0;
  /** Why the roll accepts no changes for now. */
  pausedBy: string | undefined;

  /** @throws RegistryError `UNAVAILABLE` while the roll is paused. */
  checkWritable(): void {
    if (this.pausedBy !== undefined) throw new RegistryError('UNAVAILABLE', this.pausedBy, { registry: 'server' });
  }
}
