import { describe, expect, it } from 'vitest';
import { type Case, type Harness, registryCases } from '../src/index.ts';
import { mutants } from './mutants/all-mutants.ts';
import type { Mutant } from './mutants/mutant.ts';
import { openShelf, shelfHarness } from './shelf/shelf-registry.ts';

function caseOf(harness: Harness, caughtBy: string): Case {
  const found = registryCases(harness).find(({ concern, title }) => `${concern}: ${title}` === caughtBy);
  if (found === undefined) throw new Error(`there is no case "${caughtBy}"`);
  return found;
}

const unbroken = new Map<string, Promise<void>>();

/** Runs the case against the honest registry, once for all mutants that the case catches. Several cases run at once. */
function control(caughtBy: string): Promise<void> {
  const known = unbroken.get(caughtBy) ?? caseOf(shelfHarness({}, openShelf, 2), caughtBy).run();
  unbroken.set(caughtBy, known);
  return known;
}

/**
 * The number of tries to catch a mutant.
 * A mutant that acts too early escapes if the machine stalls until the right time.
 */
const chances = 8;

/** Expects the mutant to fail an assertion of the case, and not by a programming error of its own. */
async function isCaught({ caughtBy, open }: Mutant): Promise<void> {
  await control(caughtBy);
  let failure: unknown;
  for (let chance = 0; failure === undefined && chance < chances; chance += 1) {
    // The patience is low, so that the test does not wait long for events that a mutant never sends.
    failure = await caseOf(shelfHarness({}, open, 0.2), caughtBy)
      .run()
      .then(
        () => undefined,
        (error: unknown) => error,
      );
  }
  expect(failure, 'the mutant survived').toBeInstanceOf(Error);
  expect(failure).not.toBeInstanceOf(ReferenceError);
  expect(failure).not.toBeInstanceOf(TypeError);
}

const title = ({ name, caughtBy }: Mutant): string => `the mutant "${name}" is caught by "${caughtBy}"`;

/**
 * True for a mutant whose case must have the process to itself.
 * Mutants share the process, but each has its own backend.
 */
const alone = ({ caughtBy }: Mutant): boolean => caseOf(shelfHarness(), caughtBy).alone === 'process';

describe.concurrent('broken registries', () => {
  for (const mutant of mutants) if (!alone(mutant)) it(title(mutant), () => isCaught(mutant));
});

describe('broken registries that must be watched alone', () => {
  for (const mutant of mutants) if (alone(mutant)) it(title(mutant), () => isCaught(mutant));
});

it('there are at least as many mutants as required, and each has a name of its own', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(30);
});
