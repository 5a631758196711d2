import type { InstanceStatus } from '@rollcall/protocol';
import type { Command } from 'commander';
import { askServer, envOf } from '../admin.ts';
import { type CommonOptions, withCommon } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { note, plain } from '../output.ts';

/** Adds the commands `out`, `in`. */
export function addServiceCommands(program: Command): void {
  withCommon(program.command('out <name> <id>'))
    .description('take a node out of service: it stays registered and renews, but callers do not get it')
    .action((name: string, id: string, options: CommonOptions) => setStatus(name, id, 2, options));
  withCommon(program.command('in <name> <id>'))
    .description('put a node back into service')
    .action((name: string, id: string, options: CommonOptions) => setStatus(name, id, 1, options));
}

async function setStatus(name: string, id: string, status: InstanceStatus, options: CommonOptions): Promise<void> {
  const setting = { env: envOf(options), appid: name, hostname: id, status };
  const { isSet, failed } = await askServer(options, 'take nodes out of service', (admin) => admin.set([setting]));
  const what = `${id} of ${name}`;
  for (const { address, error } of failed) note(`nothing has changed at ${plain(address)}: ${plain(error.message)}`);
  if (!isSet)
    throw new CliError(
      exitCodes.notFound,
      `${what} is not registered, so nothing has changed: rollcall get ${name} shows the ids`,
    );
  if (!options.quiet)
    note(
      plain(
        `${what} is ${status === 2 ? `out of service until rollcall in ${name} ${id}, or until it is registered anew` : 'in service'}`,
      ),
    );
  if (failed.length > 0)
    throw new CliError(
      exitCodes.unavailable,
      `${what} is unchanged on ${failed.length} of the servers: give the command again when they answer`,
    );
}
