import { checkStart, type OptionProblem, serverFileProblems, serverOptionProblems } from '@rollcall/server';
import { plain, table } from '../output.ts';
import type { Problem } from './given.ts';
import { type EffectiveSettings, serverOptionsOf, settingOf } from './read-settings.ts';
import { nameOf, settingKeys, writeSetting } from './server-settings.ts';

/** Every problem: of each setting, of the settings together, and of the files that they name. */
export function problemsOf({ values, sources, problems }: EffectiveSettings): readonly Problem[] {
  const options = serverOptionsOf(values);
  const together = [...serverOptionProblems(options), ...serverFileProblems(options)];
  return [...problems, ...together.map((problem) => placed(problem, sources))];
}

/**
 * Every problem that {@link problemsOf} finds, and those that would stop the server from starting on this machine now.
 */
export async function checked(settings: EffectiveSettings): Promise<{
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}> {
  const { values, sources } = settings;
  const start = await checkStart(serverOptionsOf(values));
  const problems = [...problemsOf(settings), ...start.problems.map((problem) => placed(problem, sources))];
  const wrong = new Set(problems.map(({ name }) => name));
  // In place of a wrong value the default was tried, so a warning about it would mislead.
  const warnings = start.warnings.map((problem) => placed(problem, sources)).filter(({ name }) => !wrong.has(name));
  return { problems, warnings };
}

/** A problem with the name of its setting and the place where it was given. */
function placed({ option, message }: OptionProblem, sources: EffectiveSettings['sources']): Problem {
  const key = settingOf(option);
  return key === undefined ? { source: option, message } : { name: nameOf(key), source: sources[key], message };
}

/** A problem as one line. */
export const lineOf = ({ name, source, message }: Problem): string =>
  plain(name === undefined ? `${source}: ${message}` : `${name} (${source}): ${message}`);

/** Every setting with its value as typed, and its source. `null`: not set. No setting holds a secret, only the path of a file. */
export const shown = ({
  values,
  sources,
}: EffectiveSettings): Readonly<Record<string, { readonly value: string | null; readonly source: string }>> =>
  Object.fromEntries(
    settingKeys.map((key) => [nameOf(key), { value: writeSetting(key, values[key]) ?? null, source: sources[key] }]),
  );

/** The settings that differ from their defaults, for the log. */
export const given = (settings: EffectiveSettings): Readonly<Record<string, string | null>> =>
  Object.fromEntries(
    Object.entries(shown(settings)).flatMap(([name, { value, source }]) =>
      source === 'default' ? [] : [[name, value]],
    ),
  );

/** Every setting with its value and source, as a table for people. */
export const shownAsTable = (settings: EffectiveSettings): string =>
  table(
    ['SETTING', 'VALUE', 'FROM'],
    Object.entries(shown(settings)).map(([name, { value, source }]) => [name, value ?? '-', source]),
  );
