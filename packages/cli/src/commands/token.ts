import {
  type Grant,
  hashToken,
  newToken,
  parseTokensFile,
  type Role,
  roles,
  type TokenEntry,
  writeTokensFile,
} from '@rollcall/server';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliError, exitCodes } from '../exit-codes.ts';
import { note, print, table } from '../output.ts';
import { readTokens, writeTokens } from '../tokens-file.ts';

interface CreateOptions {
  readonly name: string;
  readonly role?: Role;
  readonly env: readonly string[];
  readonly services: readonly string[];
  readonly grant?: readonly Grant[];
  readonly maxInstances?: number;
  readonly tokensFile?: string;
  readonly json?: true;
}

interface FileOptions {
  readonly tokensFile: string;
  readonly json?: true;
}

/** Adds the commands `token create`, `token list` and `token revoke`. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('the tokens of a discovery server, in its tokens file');
  token
    .command('create <name>')
    .description('make a token, print it once, and append its hash to the file')
    .addOption(new Option('--role <role>', 'read, write (register, renew, cancel) or admin').choices(roles))
    .option(
      '--env <names>',
      'environments of --role: names, or prefixes such as "test-*", separated by commas',
      names,
      ['*'],
    )
    .option(
      '--services <names>',
      'services of --role: names, or prefixes such as "web-*", separated by commas',
      names,
      ['*'],
    )
    .option('--grant <role:env:services>', 'a further right, such as read:prod:*; repeatable', grant)
    .option(
      '--max-instances <number>',
      'how many instances the token may have on the roll (default: as the server says)',
      count,
    )
    .option('--tokens-file <path>', 'file that gets the hash of the token; without it the entry is printed')
    .option('--json', 'print JSON, for programs')
    .action(create);
  withFile(token.command('list').description('names and rights of the tokens')).action(list);
  withFile(token.command('revoke <name>').description('take a token out of the file')).action(revoke);
}

const withFile = (command: Command): Command =>
  command.requiredOption('--tokens-file <path>', 'the tokens file').option('--json', 'print JSON, for programs');

/** Parses `role:env,env:service,service`. */
function grant(text: string, before: readonly Grant[] = []): readonly Grant[] {
  const [role, envs = '', services = '', ...rest] = text.split(':');
  const known = roles.find((one) => one === role);
  if (known === undefined || envs === '' || services === '' || rest.length > 0)
    throw new InvalidArgumentError('It must be role:env:services, such as read:prod:* or write:prod:web-*,api.');
  return [...before, { role: known, envs: names(envs), services: names(services) }];
}

/** Parses names that are separated by commas. */
const names = (text: string): readonly string[] => text.split(',').map((name) => name.trim());

function count(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 0-999999999.');
  return Number(text);
}

function create(name: string, options: CreateOptions): void {
  const { role, env: envs, services, grant: more = [], maxInstances, tokensFile: path } = options;
  const grants = role === undefined ? more : [{ role, envs, services }, ...more];
  if (grants.length === 0)
    throw new CliError(exitCodes.usage, 'say what the token may do with --role or --grant, such as --role read');
  const token = newToken();
  const entry: TokenEntry = {
    name,
    hash: hashToken(token),
    grants,
    ...(maxInstances === undefined ? {} : { maxInstances }),
  };
  const entries = [...(path === undefined ? [] : readTokens(path)), entry];
  const { faults } = parseTokensFile(writeTokensFile(entries));
  if (faults !== undefined) throw new CliError(exitCodes.usage, `no token was made: ${faults.join('; ')}`);
  if (path !== undefined) writeTokens(path, entries);
  print(options.json ? JSON.stringify({ token, entry }) : token);
  if (options.json) return;
  if (path === undefined)
    note(`add this to \`tokens\` of the server's tokens file:\n${JSON.stringify(entry, undefined, 2)}`);
  else
    note(
      `${path} holds the hash of this token; a running server reads the file at SIGHUP. The token is stored nowhere: keep it now`,
    );
}

function list({ tokensFile, json }: FileOptions): void {
  const entries = existing(tokensFile);
  const rights = ({ grants }: TokenEntry): string =>
    grants.map(({ role, envs, services }) => `${role}:${envs.join()}:${services.join()}`).join(' ');
  const rows = entries.map((entry) => [entry.name, rights(entry)]);
  print(json ? JSON.stringify(entries.map(({ hash: _, ...entry }) => entry)) : table(['TOKEN', 'RIGHTS'], rows));
}

function revoke(name: string, { tokensFile, json }: FileOptions): void {
  const entries = existing(tokensFile);
  const rest = entries.filter((entry) => entry.name !== name);
  if (rest.length === entries.length)
    throw new CliError(
      exitCodes.notFound,
      `${tokensFile} has no token named ${JSON.stringify(name)}: rollcall token list shows the names`,
    );
  writeTokens(tokensFile, rest);
  print(
    json
      ? JSON.stringify({ revoked: name })
      : `removed ${name} from ${tokensFile}; a running server accepts the token until it reads the file at SIGHUP`,
  );
}

function existing(path: string): readonly TokenEntry[] {
  const entries = readTokens(path);
  if (entries.length === 0)
    throw new CliError(exitCodes.usage, `${path} has no tokens: make one with \`rollcall token create\``);
  return entries;
}
