// One after the other: they share the loopback of this machine, and a flood of one would drown what another says. Each is
// brought in within its own suite, so that its hooks are its own.
import { describe } from 'vitest';

describe('the protocol', async () => void (await import('./loopback/protocol.ts')));
describe('what is hostile', async () => void (await import('./loopback/hostile.ts')));
