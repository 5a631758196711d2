import { RegistryError } from '@rollcall/core';
import type { DiscoveryAdmin } from '@rollcall/core/adapter';
import type { StatusAnswer } from '@rollcall/protocol';
import type { Command } from 'commander';
import { type CommonOptions, namedAdapter, registryOptions, remedyOf, withCommon } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { plain, print } from '../output.ts';

/** `status` and `protection end`: of the discovery server alone. */
export function addOperateCommands(program: Command): void {
  withCommon(program.command('status'))
    .description('explain the state of a discovery server and its self-protection')
    .action(status);
  const protection = program.command('protection').description('self-protection of the discovery server');
  withCommon(protection.command('end')).description('evict every expired instance now').action(end);
}

/** Asks the server that the options name, with the token that they name. */
async function ask<T>(options: CommonOptions, question: (admin: DiscoveryAdmin) => Promise<T>): Promise<T> {
  const adapter = await namedAdapter(options);
  if (adapter.admin === undefined) {
    const message = `--registry ${plain(adapter.name)} has no self-protection: this command is for the discovery server`;
    throw new CliError(exitCodes.usage, message);
  }
  try {
    return await question(adapter.admin(registryOptions(options)));
  } catch (error) {
    if (!RegistryError.is(error, 'UNAVAILABLE', 'TIMEOUT')) throw error;
    throw new CliError(exitCodes.unavailable, `${error.message}: ${remedyOf(adapter)}`);
  }
}

async function status(options: CommonOptions): Promise<void> {
  const env = options.registryNamespace;
  const answer = (await ask(options, (admin) => admin.status({ env } as object))) as StatusAnswer;
  if (options.json) return print(JSON.stringify(answer));
  print(
    `up for ${Math.round(answer.uptimeMs / 1_000)} s${answer.warming ? ', warming up: missing services may still re-register' : ''}; self-protection ${answer.protection}`,
  );
  if (answer.environments.length === 0) print('no instance has registered yet');
  for (const { env, instances, late, renewsLastMinute, renewsExpected, explanation } of answer.environments) {
    print(
      `\n${plain(env)}: ${instances} registered, ${late} late; ${renewsLastMinute} renewals in the last minute of ${renewsExpected} expected\n${plain(explanation)}`,
    );
  }
}

async function end(options: CommonOptions): Promise<void> {
  const env = options.registryNamespace ?? 'default';
  const evicted = await ask(options, (admin) => admin.endProtection(env));
  print(options.json ? JSON.stringify({ evicted }) : `${evicted} expired instances of ${plain(env)} were evicted`);
}
