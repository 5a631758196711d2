import { randomBytes } from 'node:crypto';
import { RegistryError } from '@rollcall/core';

/** Where the roll is in its history, and whether it goes on. */
export class Position {
  /** Another one after each start without the table of an earlier one. */
  epoch: string = randomBytes(8).toString('hex');
  revision = 0;
  /** Why the roll is not changed for now. */
  pausedBy: string | undefined;

  /** @throws RegistryError `UNAVAILABLE` while the roll is paused. */
  checkWritable(): void {
    if (this.pausedBy !== undefined) throw new RegistryError('UNAVAILABLE', this.pausedBy, { registry: 'server' });
  }
}
