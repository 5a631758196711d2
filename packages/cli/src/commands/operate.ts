import type { ProtectionStatus } from '@rollcall/protocol';
import type { Command } from 'commander';
import { askServer, envOf } from '../admin.ts';
import { type CommonOptions, withCommon } from '../common.ts';
import { counted, plain, print, table } from '../output.ts';
import { clockOf } from '../times.ts';

/** Adds the commands `status` and `protection end`, which only a discovery server supports. */
export function addOperateCommands(program: Command): void {
  withCommon(program.command('status'))
    .description('explain the state of a discovery server and its self-protection')
    .action(status);
  const protection = program.command('protection').description('self-protection of the discovery server');
  withCommon(protection.command('end'))
    .description('evict every expired instance now, also those that self-protection keeps')
    .action(end);
}

async function status(options: CommonOptions): Promise<void> {
  const env = options.registryNamespace;
  const answer = await askServer(options, 'tell its status', (admin) => admin.status({ env }));
  if (options.json) return print(JSON.stringify(answer));
  const { uptimeMs, warming, protection, environments } = answer;
  print(
    `up for ${spellUptime(uptimeMs)}${warming ? ', warming up: missing services may still re-register' : ''}; self-protection ${protection}`,
  );
  if (environments.length === 0) return print('nothing is registered');
  print(
    `\n${table(['ENV', 'STATE', 'SINCE', 'NODES', 'LATE', 'OUT', 'MISSING', 'HELD', 'RENEWALS/MIN'], environments.map(rowOf))}`,
  );
  for (const environment of environments) print(`\n${detailsOf(environment)}`);
}

function spellUptime(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

function rowOf(status: ProtectionStatus): string[] {
  const { env, state, since, instances, late, out, missing, considered, held } = status;
  const { renewsLastMinute, renewsExpected } = status;
  return [
    ...[env, state, since === undefined ? '-' : clockOf(since), `${instances}`, `${late}`, `${out}`],
    ...[`${missing} of ${considered}`, `${held}`, `${renewsLastMinute} of ${renewsExpected}`],
  ];
}

/** Prints the explanation, how many nodes each application misses, and the held nodes. */
function detailsOf({ env, explanation, ...status }: ProtectionStatus): string {
  const applications = status.applications.map(({ appid, missing, considered, held }) => [
    ...[appid, `${missing} of ${considered}`, `${held}`],
  ]);
  const held = status.heldInstances.map(({ appid, hostname, silentMs, mayGoAt }) => [
    ...[appid, hostname, `${Math.round(silentMs / 1_000)} s`, clockOf(mayGoAt)],
  ]);
  return [
    `${plain(env)}: ${plain(explanation)}`,
    ...(applications.length === 0 ? [] : [table(['SERVICE', 'MISSING', 'HELD'], applications)]),
    ...more(status.moreApplications),
    ...(held.length === 0 ? [] : [table(['HELD OF', 'NODE', 'SILENT FOR', 'MAY GO AT'], held)]),
    ...more(status.moreHeld),
  ].join('\n');
}

const more = (count: number): string[] => (count === 0 ? [] : [`... and ${count} more`]);

async function end(options: CommonOptions): Promise<void> {
  const env = envOf(options);
  const evicted = await askServer(options, 'end self-protection', (admin) => admin.endProtection(env));
  print(
    options.json
      ? JSON.stringify({ evicted })
      : `evicted ${counted(evicted, 'expired instance')} of the environment ${plain(env)}`,
  );
}
