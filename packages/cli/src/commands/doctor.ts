import { RegistryError } from '@rollcall/core';
import { type AdapterDescriptor, type CommonRegistryOptions, type Finding, systemClock } from '@rollcall/core/adapter';
import type { Command } from 'commander';
import { adapterOf, type CommonOptions, registryOptions, remedyOf, withCommon } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { heading, plain, print } from '../output.ts';
import { timeOption } from '../parse.ts';

interface DoctorOptions extends CommonOptions {
  readonly for: number;
}

/** `doctor`. */
export function addDoctorCommand(program: Command): void {
  withCommon(program.command('doctor'))
    .description('what works between here and the registry, what does not, and what to do')
    .addOption(timeOption('--for <time>', 'how long to listen, on a registry without a server', '3s'))
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const findings: Finding[] = [];
  for await (const finding of examine(await adapterOf(options), options)) {
    findings.push(finding);
    if (!options.json && !(options.quiet && finding.level === 'ok')) print(textOf(finding));
  }
  const problems = findings.filter(({ level }) => level === 'problem');
  if (options.json) print(JSON.stringify({ findings }));
  else if (findings.every(({ level }) => level === 'ok')) print('nothing is wrong');
  if (problems.length > 0) throw new CliError(exitCodes.unavailable, `${problems.length} of this must be put right`);
}

function textOf({ level, what, remedy }: Finding): string {
  if (level === 'ok') return `  ${plain(what)}`;
  return `${heading(level)}\n  ${plain(what)}${remedy === undefined ? '' : `\n  -> ${plain(remedy)}`}`;
}

/** What the adapter itself has to say; of an adapter that says nothing, whether it connects and lists. */
async function* examine(adapter: AdapterDescriptor, options: DoctorOptions): AsyncGenerator<Finding> {
  const common = registryOptions(options);
  yield* adapter.diagnose?.(common, { timeoutMs: options.for }) ?? connectAndList(adapter, common);
}

async function* connectAndList(adapter: AdapterDescriptor, common: CommonRegistryOptions): AsyncGenerator<Finding> {
  const registry = adapter.create(common);
  const startedAt = systemClock.now();
  try {
    await registry.init();
    yield { level: 'ok', what: `${adapter.name}: connected in ${(systemClock.now() - startedAt).toFixed()} ms` };
    const services = (await registry.listServices()).length;
    yield { level: 'ok', what: `${adapter.name}: ${services} services on the roll` };
  } catch (error) {
    if (!RegistryError.is(error, 'UNAVAILABLE', 'TIMEOUT')) throw error;
    yield { level: 'problem', what: error.message, remedy: remedyOf(adapter) };
  } finally {
    await registry.close();
  }
}
