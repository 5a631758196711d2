import { holdProcess } from '@rollcall/core/adapter';
import { caseMs } from './defaults.ts';
import type { Faults, Harness } from './harness.ts';
import { CaseContext, capabilitiesOf } from './kit/context.ts';
import { FaultControl } from './kit/fault-control.ts';
import { UnhandledRejections } from './kit/unhandled-rejections.ts';
import { within } from './kit/waiting.ts';

/** One case of the suite as data. */
export interface Case {
  /** The subject of the case; the suite groups by it. */
  readonly concern: string;
  /** The claim that the case checks. Unique within its concern. */
  readonly title: string;
  /** Runs the case against its harness; rejects when the registry breaks the claim. */
  run(): Promise<void>;
  /**
   * What the case must have to itself. `process`: it counts what the process holds, or makes so many calls at once that
   * other cases would make them late, so no other case may run in the process. `backend`: it stops, freezes or wipes
   * the backend, so no other case may use the backend. Absent: the case may run beside any other of that kind.
   */
  readonly alone?: 'process' | 'backend' | undefined;
}

/** The body of a case. */
export type CaseBody = (context: CaseContext) => Promise<void>;
/** The body of a case that breaks the backend. */
export type FaultCaseBody = (context: CaseContext, faults: Faults) => Promise<void>;

/** Cases of one concern, by title. */
export interface Concern {
  readonly concern: string;
  readonly cases: Readonly<Record<string, CaseBody>>;
  /** Cases that count what the whole process holds. */
  readonly processCases?: Readonly<Record<string, CaseBody>> | undefined;
  /** Cases that make so many calls at once that the last one keeps its deadline only if no other case runs. */
  readonly burstCases?: Readonly<Record<string, CaseBody>> | undefined;
  /** Cases that exist only where the harness has faults. */
  readonly faultCases?: Readonly<Record<string, FaultCaseBody>> | undefined;
}

/** The cases of a concern for one harness. */
export function casesOf(
  { concern, cases, processCases = {}, burstCases = {}, faultCases = {} }: Concern,
  harness: Harness,
): readonly Case[] {
  const { faults } = harness;
  const plain = (bodies: Readonly<Record<string, CaseBody>>, alone?: Case['alone']): readonly Case[] =>
    Object.entries(bodies).map(([title, body]) => ({ concern, title, run: () => runCase(harness, body), alone }));
  const all = [...plain(cases), ...plain(processCases, 'process'), ...plain(burstCases, 'process')];
  if (faults === undefined) return all;
  const faulty = Object.entries(faultCases).map(
    ([title, body]): Case => ({ concern, title, run: () => runFaultCase(harness, faults, body), alone: 'backend' }),
  );
  return [...all, ...faulty];
}

function runFaultCase(harness: Harness, faults: Faults, body: FaultCaseBody): Promise<void> {
  const control = new FaultControl(faults);
  return runCase(
    harness,
    (context) => body(context, control),
    () => control.restore(),
  );
}

async function runCase(harness: Harness, body: CaseBody, restore?: () => Promise<void>): Promise<void> {
  // The suite's timers do not keep a process alive, and neither does an idle registry, so the case holds the process.
  const release = holdProcess();
  const rejections = new UnhandledRejections();
  try {
    const limitMs = caseMs * (harness.patience ?? 1);
    const capabilities = await within('opening a first registry', limitMs, capabilitiesOf(harness));
    const context = new CaseContext(harness, capabilities);
    await bracket(
      () => within('the case', limitMs, body(context)),
      async () => {
        await restore?.();
        await context.dispose();
      },
    );
    await rejections.assertNone();
  } finally {
    rejections.stop();
    release();
  }
}

/** Runs the work, and cleans up however it ended; of several failures the first one is reported. */
async function bracket(work: () => Promise<void>, cleanUp: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    await cleanUp().catch(() => {});
    throw error;
  }
  await cleanUp();
}
