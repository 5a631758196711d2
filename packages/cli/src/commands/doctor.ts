import type { RegistryError } from '@rollcall/core';
import { type AdapterDescriptor, diagnoseByReading, type Finding, systemClock } from '@rollcall/core/adapter';
import type { Command } from 'commander';
import { type CommonOptions, namedAdapter, registryOptions, remedyOf, withCommon } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { counted, heading, plain, print } from '../output.ts';
import { timeOption } from '../parse.ts';

interface DoctorOptions extends CommonOptions {
  readonly for: number;
}

/** Adds the command `doctor`. */
export function addDoctorCommand(program: Command): void {
  withCommon(program.command('doctor'))
    .description('check the way to the registry: what works, what does not, and what to do')
    .addOption(timeOption('--for <time>', 'how long to listen, on a registry without a server', '3s'))
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const findings: Finding[] = [];
  for await (const finding of examine(await namedAdapter(options), options)) {
    findings.push(finding);
    if (!options.json && !(options.quiet && finding.level === 'ok')) print(textOf(finding));
  }
  const problems = findings.filter(({ level }) => level === 'problem');
  if (options.json) print(JSON.stringify({ findings }));
  else if (findings.every(({ level }) => level === 'ok')) print('nothing is wrong');
  if (problems.length > 0)
    throw new CliError(exitCodes.unavailable, `${counted(problems.length, 'problem')} found; what to do is above`);
}

function textOf({ level, what, remedy }: Finding): string {
  if (level === 'ok') return `  ${plain(what)}`;
  return `${heading(level)}\n  ${plain(what)}${remedy === undefined ? '' : `\n  -> ${plain(remedy)}`}`;
}

/** Runs the adapter's own diagnosis; without one, tries to connect and to list. */
function examine(adapter: AdapterDescriptor, options: DoctorOptions): AsyncIterable<Finding> {
  const common = registryOptions(options);
  const call = { timeoutMs: options.for };
  if (adapter.diagnose !== undefined) return adapter.diagnose(common, call);
  const remedy = (error: RegistryError): string | undefined =>
    error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT' ? remedyOf(adapter, error) : undefined;
  return diagnoseByReading({ registry: adapter.create(common), clock: systemClock, remedy }, call);
}
