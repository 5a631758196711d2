import type { Logger } from '@rollcall/core';
import { createServer, type DiscoveryServer, isLoopback } from '@rollcall/server';
import type { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { boundHeapGrowth } from '../heap-growth.ts';
import { createLogger } from '../logging/create-logger.ts';
import { note, print } from '../output.ts';
import { program } from '../program.ts';
import { checked, given, lineOf, problemsOf, shown, shownAsTable } from '../settings/check-settings.ts';
import type { Problem } from '../settings/given.ts';
import { type EffectiveSettings, readSettings, serverOptionsOf } from '../settings/read-settings.ts';
import { settingFlags } from '../settings/setting-flags.ts';
import { aborted, untilSignal } from '../signals.ts';
import { serviceManager } from '../systemd.ts';

/** Options of the command that are not settings of the server. */
interface ServeFlags extends Readonly<Record<string, unknown>> {
  readonly config?: string;
  readonly checkConfig?: true;
  readonly json?: true;
  readonly quiet?: true;
}

const help = `
Every setting can also be a variable (--warm-up: ROLLCALL_SERVER_WARM_UP) or a line of the file (warm-up: 90s).
A flag overrides a variable, a variable overrides the file (--config, or ROLLCALL_SERVER_CONFIG), the file overrides the default.
The whole table: docs/running-the-server.md`;

/** Adds the command `serve`. */
export function addServeCommand(root: Command): void {
  const command = root.command('serve').description('run the discovery server until SIGINT or SIGTERM');
  for (const flag of settingFlags()) command.addOption(flag);
  command
    .option('--config <file>', 'YAML file with settings, one a line')
    .option(
      '--check-config',
      'check the settings, their files, the data folder and the port; print the settings or every problem, and end',
    )
    .option('--json', 'print one line of JSON when ready; with --check-config, its result')
    .option('--quiet', 'print nothing but errors')
    .addHelpText('after', help)
    .action(serve);
}

async function serve(flags: ServeFlags): Promise<void> {
  boundHeapGrowth(process.execArgv, program.env.NODE_OPTIONS);
  const settings = readSettings({ flags, env: program.env, file: flags.config });
  if (flags.checkConfig) return tellChecked(settings, flags);
  const problems = problemsOf(settings);
  if (problems.length > 0) return refuse(problems);
  const { host, protection, insecure, tokensFile, tlsCert, auditLog, logLevel, logFormat } = settings.values;
  const logger = createLogger({ level: flags.quiet ? 'error' : logLevel, format: logFormat });
  const server = createServer({ ...serverOptionsOf(settings.values), logger });
  const signal = untilSignal();
  // In a terminal, without files to read again, SIGHUP means that the terminal is closed, so the server ends.
  const hasFiles = tokensFile !== undefined || tlsCert !== undefined || auditLog !== undefined;
  if (hasFiles || !process.stdin.isTTY) reloadAtHangup(server, logger);
  const { url, port } = await server.listen();
  logger.info({ url, node: process.version, settings: given(settings) }, `serving at ${url}`);
  if (insecure && tokensFile === undefined)
    logger.warn(
      { host },
      'insecure: every client that reaches this address may read and change the roll; --tokens-file demands a token',
    );
  if (tokensFile !== undefined && tlsCert === undefined && !isLoopback(host))
    logger.warn(
      { host },
      'tokens travel unencrypted: give --tls-cert and --tls-key, unless something in front of the server speaks TLS',
    );
  if (flags.json) print(JSON.stringify({ url, host, port, pid: process.pid }));
  else if (!flags.quiet)
    print(`the discovery server is ready at ${url} (self-protection ${protection}); Ctrl-C ends it`);
  const manager = serviceManager(program.env, logger);
  manager.ready(`serving at ${url}`);
  await aborted(signal);
  manager.stopping();
  logger.info({}, 'ending: watches are cut, requests under way are answered');
  await server.close();
  logger.info({}, 'ended');
}

function refuse(problems: readonly Problem[]): void {
  for (const problem of problems) note(`rollcall: ${lineOf(problem)}`);
  process.exitCode = exitCodes.usage;
}

async function tellChecked(settings: EffectiveSettings, { json, quiet }: ServeFlags): Promise<void> {
  const { problems, warnings } = await checked(settings);
  for (const warning of warnings) note(`rollcall: warning: ${lineOf(warning)}`);
  if (problems.length > 0) refuse(problems);
  const valid = problems.length === 0;
  if (json) print(JSON.stringify({ valid, ...(valid ? { settings: shown(settings) } : { problems }), warnings }));
  else if (valid && !quiet) print(`valid\n${shownAsTable(settings)}`);
}

/** SIGHUP reads the files again. A file with a problem is reported, and its earlier content stays in use. */
function reloadAtHangup(server: DiscoveryServer, logger: Logger): void {
  process.on('SIGHUP', () => {
    server.reload().then(
      () => logger.info({}, 'SIGHUP: the files have been read again'),
      (error: unknown) =>
        logger.error(
          {},
          `SIGHUP: the earlier content of the files stays in use, because ${error instanceof Error ? error.message : String(error)}`,
        ),
    );
  });
}
