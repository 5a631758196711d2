import type { ProtectionEndAnswer, StatusAnswer } from '@rollcall/discovery/protocol';
import type { Command } from 'commander';
import { addressesOf, type CommonOptions, tokenOf, withCommon } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { plain, print } from '../output.ts';

/** `status` and `protection end`: of the discovery server alone. */
export function addOperateCommands(program: Command): void {
  withCommon(program.command('status'))
    .description('the discovery server and its self-protection, explained')
    .action(status);
  const protection = program.command('protection').description('self-protection of the discovery server');
  withCommon(protection.command('end')).description('strike off every expired instance now').action(end);
}

/** The server that is asked, and as whom. */
function serverOf(options: CommonOptions): {
  readonly address: string;
  readonly base: string;
  readonly headers: object;
} {
  if (options.registry !== 'discovery') {
    const message = `--registry ${plain(options.registry)} has no self-protection: this command is for the discovery server`;
    throw new CliError(exitCodes.usage, message);
  }
  const [address = '127.0.0.1:7171'] = addressesOf(options) ?? [];
  const base = /^https?:\/\//.test(address) ? address : `http://${address}`;
  if (!URL.canParse(base)) throw new CliError(exitCodes.usage, `--registry-address ${plain(address)} is no address`);
  const token = tokenOf(options);
  return { address, base, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } };
}

async function call<T>(options: CommonOptions, method: 'GET' | 'POST', path: string, body?: object): Promise<T> {
  const { address, base, headers } = serverOf(options);
  const json = { ...headers, 'content-type': 'application/json' };
  const init = body === undefined ? { headers: { ...headers } } : { headers: json, body: JSON.stringify(body) };
  let response: Response;
  try {
    response = await fetch(new URL(path, base), { method, signal: AbortSignal.timeout(options.timeout), ...init });
  } catch (cause) {
    const why = cause instanceof Error && cause.name === 'TimeoutError' ? 'does not answer' : 'cannot be reached';
    throw new CliError(
      exitCodes.unavailable,
      `the discovery server at ${address} ${why}. Start one with \`rollcall serve\`, or name it with --registry-address`,
    );
  }
  const answer = (await response.json().catch(() => ({}))) as { readonly data?: T; readonly message?: string };
  if (response.status === 401 || response.status === 403)
    throw new CliError(exitCodes.unauthorized, answer.message ?? 'not authorised');
  if (!response.ok || answer.data == null)
    throw new CliError(exitCodes.unexpected, `the server answered ${response.status}: ${plain(answer.message ?? '')}`);
  return answer.data;
}

async function status(options: CommonOptions): Promise<void> {
  const query = options.registryNamespace === undefined ? '' : `?env=${encodeURIComponent(options.registryNamespace)}`;
  const answer = await call<StatusAnswer>(options, 'GET', `/api/status${query}`);
  if (options.json) return print(JSON.stringify(answer));
  print(
    `up for ${Math.round(answer.uptimeMs / 1_000)} s${answer.warming ? ', warming: absence is not believed yet' : ''}; self-protection ${answer.protection}`,
  );
  if (answer.environments.length === 0) print('nobody has registered yet');
  for (const { env, instances, late, renewsLastMinute, renewsExpected, explanation } of answer.environments) {
    print(
      `\n${plain(env)}: ${instances} registered, ${late} late; ${renewsLastMinute} renewals in the last minute of ${renewsExpected} expected\n${plain(explanation)}`,
    );
  }
}

async function end(options: CommonOptions): Promise<void> {
  const env = options.registryNamespace ?? 'default';
  const answer = await call<ProtectionEndAnswer>(options, 'POST', '/api/protection/end', { env });
  print(options.json ? JSON.stringify(answer) : `${answer.evicted} expired instances of ${plain(env)} were struck off`);
}
