import { createServer, type DiscoveryServer } from '@rollcall/server';
import { type Command, Option } from 'commander';
import { note, plain, print } from '../output.ts';
import { duration, names, port } from '../parse.ts';
import { aborted, untilSignal } from '../signals.ts';

interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly insecure?: true;
  readonly tokensFile?: string;
  readonly allowHost?: readonly string[];
  readonly protection: 'on' | 'off';
  readonly warmUp?: number | boolean;
  readonly json?: true;
  readonly quiet?: true;
}

/** Adds the command `serve`. */
export function addServeCommand(program: Command): void {
  program
    .command('serve')
    .description('the discovery server, until SIGINT or SIGTERM')
    .option('--host <address>', 'address to bind', '127.0.0.1')
    .option('--port <port>', 'port to bind; 0: any free one', port, 7171)
    .option(
      '--insecure',
      'allow an address that other machines reach: every client that reaches it may change the roll',
    )
    .option(
      '--tokens-file <path>',
      'the file with the tokens that clients need, see `rollcall token create`; read again at SIGHUP',
    )
    .option(
      '--allow-host <names>',
      'names by which clients call a server that others reach, separated by commas',
      names,
    )
    .addOption(new Option('--protection <mode>', 'self-protection').choices(['on', 'off']).default('on'))
    .option('--warm-up <time>', 'how long after an empty start absence is not believed (default: 90s)', duration)
    .option('--no-warm-up', 'believe absence at once')
    .option('--json', 'one line of JSON when ready')
    .option('--quiet', 'nothing but errors')
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const { host, port: wanted, insecure, tokensFile, allowHost: allowedHosts, protection, warmUp } = options;
  const warmUpMs = warmUp === false ? 0 : typeof warmUp === 'number' ? warmUp : undefined;
  const server = createServer({ host, port: wanted, insecure, tokensFile, allowedHosts, protection, warmUpMs });
  const signal = untilSignal();
  reloadAtHangup(server);
  const { url, port: bound } = await server.listen();
  if (options.json) print(JSON.stringify({ url, host, port: bound, pid: process.pid }));
  else if (!options.quiet) print(`the roll is open at ${url} (self-protection ${protection}); Ctrl-C ends it`);
  if (insecure && tokensFile === undefined)
    note(
      'insecure: every client that reaches this address may read and change the roll, since there is no --tokens-file',
    );
  await aborted(signal);
  await server.close();
}

/** SIGHUP reads the files again. A file with a fault is said, and what was read before goes on. */
function reloadAtHangup(server: DiscoveryServer): void {
  process.on('SIGHUP', () => {
    server.reload().then(
      () => note('reloaded'),
      (error: unknown) => note(`not reloaded: ${plain(error instanceof Error ? error.message : String(error))}`),
    );
  });
}
