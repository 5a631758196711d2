import { holdProcess, pause, systemClock } from '@rollcall/core/adapter';
import type { ChangeRecord, ChangesAnswer } from '@rollcall/protocol';
import type { Command } from 'commander';
import { askServer } from '../admin.ts';
import { type CommonOptions, withCommon } from '../common.ts';
import { exitCodeOf, exitCodes } from '../exit-codes.ts';
import { note, plain, print } from '../output.ts';
import { moment } from '../parse.ts';
import { untilSignal } from '../signals.ts';
import { clockOf } from '../times.ts';

interface ChangesOptions extends CommonOptions {
  readonly since?: string;
  readonly follow?: true;
  readonly id?: string;
}

/** How long the server may hold a request of `--follow`. Milliseconds. */
const followMs = 25_000;
/** Pause between attempts while the server is down. Milliseconds. */
const retryMs = 1_000;

/** Adds the command `changes`. */
export function addChangesCommand(program: Command): void {
  withCommon(program.command('changes [name]'))
    .description('what changed on the roll of the discovery server, and why')
    .option('--since <time>', '10m (ago), 14:02, or an ISO time (default: all that the server remembers)', moment)
    .option('--id <id>', 'only changes of this node')
    .option('--follow', 'go on with further changes until Ctrl-C')
    .addHelpText('after', '\nExamples:\n  rollcall changes web --since 10m\n  rollcall changes --follow --json')
    .action(changes);
}

async function changes(name: string | undefined, options: ChangesOptions): Promise<void> {
  // Keeps the process alive, which the timers of a pause do not.
  const release = holdProcess();
  try {
    await tell(name, options);
  } finally {
    release();
  }
}

async function tell(name: string | undefined, options: ChangesOptions): Promise<void> {
  let count = 0;
  for await (const { page, since } of pages(name, options, untilSignal())) {
    count += page.changes.length;
    if (page.reset && !options.quiet) note(`${whyAll(page, since)}: the log begins at ${clockOf(page.log.at)}`);
    for (const change of page.changes) print(options.json ? JSON.stringify(change) : lineOf(change));
  }
  const isFiltered = [name, options.id, options.since, options.registryNamespace].some((one) => one !== undefined);
  if (count === 0 && !options.quiet) note(isFiltered ? 'no such change is remembered' : 'no change is remembered');
}

/** The pages of the log. With `--follow` they outlive an outage of the server. */
async function* pages(
  name: string | undefined,
  options: ChangesOptions,
  signal: AbortSignal,
): AsyncGenerator<{ readonly page: ChangesAnswer; readonly since: string | undefined }, undefined> {
  const { follow = false, id, registryNamespace: env } = options;
  let { since } = options;
  const ask = (waitMs: number): Promise<ChangesAnswer> =>
    askServer(options, 'tell what changed', (admin) => admin.changes({ env, name, id, since, waitMs }, { signal }));
  for (let waitMs = 0; !signal.aborted; waitMs = followMs) {
    const page = await ask(waitMs).catch((error: unknown) =>
      afterFailure(error, follow && waitMs > 0, options, signal),
    );
    if (page === undefined) continue;
    yield { page, since };
    since = page.cursor;
    if (!page.more && !follow) return;
  }
}

/** The value of `--since`: a cursor or a revision. */
const cursor = /^(?:([0-9a-f]{16}):)?(\d{1,16})$/;

/** Why the server answered with its whole log instead of what followed `since`. */
function whyAll({ cursor: place }: ChangesAnswer, since = ''): string {
  const [, epoch, revision] = cursor.exec(since) ?? [];
  const [, epochNow, revisionNow] = cursor.exec(place) ?? [];
  if (epoch !== undefined && epoch !== epochNow) return `the server has begun another history since ${since}`;
  if (Number(revision) > Number(revisionNow))
    return `revision ${revision} is ahead of the server, which is at revision ${revisionNow}`;
  return 'older changes are forgotten';
}

/** Retries a failed request if it `mayPass`: the server answered before, and is down now. */
async function afterFailure(
  error: unknown,
  mayPass: boolean,
  { quiet }: ChangesOptions,
  signal: AbortSignal,
): Promise<undefined> {
  if (signal.aborted) return;
  if (!mayPass || exitCodeOf(error) !== exitCodes.unavailable) throw error;
  if (!quiet) note(`${plain(error instanceof Error ? error.message : String(error))}; trying again`);
  await pause(systemClock, retryMs, signal).catch(() => {});
}

const lineOf = ({ at, env, text }: ChangeRecord): string =>
  plain(`${clockOf(at)}  ${env === 'default' ? '' : `${env}: `}${text}`);
