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

/** The same case against the honest registry, once for all mutants that it catches; several run at the same time. */
function control(caughtBy: string): Promise<void> {
  const known = unbroken.get(caughtBy) ?? caseOf(shelfHarness({}, openShelf, 2), caughtBy).run();
  unbroken.set(caughtBy, known);
  return known;
}

/** Chances to catch a mutant: a mutant that acts too early escapes when the machine stands still until the right time. */
const chances = 8;

/** A mutant must fail by what the case asserts, not by a slip of its own. */
async function isCaught({ caughtBy, open }: Mutant): Promise<void> {
  await control(caughtBy);
  let failure: unknown;
  for (let chance = 0; failure === undefined && chance < chances; chance += 1) {
    // Impatient: what a mutant never does is not worth waiting for.
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

/** Each mutant has a backend of its own; the process they share. */
const alone = ({ caughtBy }: Mutant): boolean => caseOf(shelfHarness(), caughtBy).alone === 'process';

describe.concurrent('broken registries', () => {
  for (const mutant of mutants) if (!alone(mutant)) it(title(mutant), () => isCaught(mutant));
});

describe('broken registries that must be watched alone', () => {
  for (const mutant of mutants) if (alone(mutant)) it(title(mutant), () => isCaught(mutant));
});

it('there are mutants enough, and each has a name of its own', () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  expect(mutants.length).toBeGreaterThanOrEqual(30);
});
