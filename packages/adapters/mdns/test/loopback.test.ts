// These suites run one after the other: they share the loopback of this machine, and a flood of one suite would drown
// the packets of another. Each file is imported within a suite of its own, so that its hooks apply to that suite alone.
import { describe } from 'vitest';

describe('the protocol', async () => void (await import('./loopback/protocol.ts')));
describe('what is hostile', async () => void (await import('./loopback/hostile.ts')));
