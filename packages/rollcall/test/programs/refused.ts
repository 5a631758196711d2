// Misuse that must not compile. This file is only type-checked.
import { byKey, createClient, createService, memory, noNodeIn } from 'rollcall';

export function misuse(): void {
  // @ts-expect-error a registry is needed
  createClient();
  // @ts-expect-error byKey is a factory
  const client = createClient(memory(), { strategy: byKey });
  // @ts-expect-error the set of outcomes is closed
  client.service('users').acquire().release('fine');
  // @ts-expect-error there is no such heartbeat
  createService({ name: 'x', advertise: '10.0.0.1:80', heartbeat: 'child' });
  // @ts-expect-error a key belongs to one call
  createClient(memory(), { key: '42' });
}

export function explain(error: unknown): string {
  const reason = noNodeIn(error)?.reason;
  switch (reason) {
    case 'unregistered':
    case 'unmatched':
    case 'unknown':
    case undefined:
      return reason ?? 'no NoNodeError';
    default:
      return reason satisfies never;
  }
}
