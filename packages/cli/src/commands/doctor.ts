import { type Diagnose, type Diagnosis, RegistryError, systemClock } from '@rollcall/core';
import { loadAdapter } from '@rollcall/service';
import type { Command } from 'commander';
import { addressesOf, type CommonOptions, openRegistry, tokenOf, withCommon } from '../common.ts';
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
    .addOption(timeOption('--for <time>', 'how long mdns listens', '3s'))
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const diagnosis = await examine(options);
  const problems = diagnosis.findings.filter(({ severity }) => severity === 'problem');
  if (options.json) print(JSON.stringify(diagnosis));
  else {
    for (const { title, lines } of options.quiet ? [] : diagnosis.facts)
      print([heading(title), ...lines.map((line) => `  ${plain(line)}`)].join('\n'));
    for (const { severity, what, remedy } of diagnosis.findings)
      print(`${heading(severity)}\n  ${plain(what)}\n  -> ${plain(remedy)}`);
    if (diagnosis.findings.length === 0) print('nothing is wrong');
  }
  if (problems.length > 0) throw new CliError(exitCodes.unavailable, `${problems.length} of this must be put right`);
}

/** What the adapter itself has to say; of one that says nothing, whether it connects and lists. */
async function examine(options: DoctorOptions): Promise<Diagnosis> {
  const { registry: name, registryNamespace: namespace, for: forMs } = options;
  if (name !== 'memory' && name !== 'discovery') {
    const { diagnose } = await loadAdapter(name);
    if (typeof diagnose === 'function')
      return (diagnose as Diagnose)({
        namespace,
        forMs,
        ...{ addresses: addressesOf(options), token: tokenOf(options) },
      });
  }
  const registry = await openRegistry(options);
  const startedAt = systemClock.now();
  try {
    await registry.init();
    const connected = `connected in ${(systemClock.now() - startedAt).toFixed()} ms`;
    const services = (await registry.listServices()).length;
    return { facts: [{ title: name, lines: [connected, `${services} services on the roll`] }], findings: [] };
  } catch (error) {
    if (!RegistryError.is(error, 'UNAVAILABLE', 'TIMEOUT')) throw error;
    const remedy = `is ${name} running there? name it with --registry-address${name === 'discovery' ? ', or start one with `rollcall serve`' : ''}`;
    return { facts: [], findings: [{ severity: 'problem', what: error.message, remedy }] };
  } finally {
    await registry.close();
  }
}
