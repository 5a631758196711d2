import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { exitCodeOf, exitCodes, messageOf } from './exit-codes.ts';
import { note, plain } from './output.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

/** The groups of commands in the order of help. One file adds each group. */
interface CommandGroup {
  readonly commands: readonly string[];
  readonly load: () => Promise<(root: Command) => void>;
}

const groups: readonly CommandGroup[] = [
  { commands: ['serve'], load: async () => (await import('./commands/serve.ts')).addServeCommand },
  { commands: ['token'], load: async () => (await import('./commands/token.ts')).addTokenCommands },
  { commands: ['list', 'get', 'watch'], load: async () => (await import('./commands/read.ts')).addReadCommands },
  { commands: ['register', 'deregister'], load: async () => (await import('./commands/write.ts')).addWriteCommands },
  { commands: ['run'], load: async () => (await import('./commands/run.ts')).addRunCommand },
  { commands: ['out', 'in'], load: async () => (await import('./commands/service.ts')).addServiceCommands },
  { commands: ['changes'], load: async () => (await import('./commands/changes.ts')).addChangesCommand },
  { commands: ['status', 'protection'], load: async () => (await import('./commands/operate.ts')).addOperateCommands },
  { commands: ['backup', 'restore'], load: async () => (await import('./commands/backup.ts')).addBackupCommands },
  { commands: ['doctor'], load: async () => (await import('./commands/doctor.ts')).addDoctorCommand },
];

const help = `
Examples:
  rollcall serve                                    start a discovery server on this machine
  rollcall list                                     which services are registered
  rollcall watch greeter --json | jq .type          what happens to one service
  rollcall changes greeter --since 10m               what changed lately, and why
  rollcall doctor --registry mdns                   why no service is seen, and what to do

Exit codes:
  0 ok   1 unexpected   2 wrong usage   3 backend unavailable or timed out   4 not registered (get, in, out, deregister), no such token
  5 not authorised   130, 143 ended by SIGINT, SIGTERM`;

/** Makes the program with the named command alone, or with all. To load all takes as long as most commands take. */
async function programFor(name: string | undefined): Promise<Command> {
  const root = new Command('rollcall')
    .description('the service registry from the command line')
    .version(version, '--version', 'version of the command')
    // Otherwise `--version` after a command would print the version of Rollcall; the user means that of the service.
    .enablePositionalOptions()
    .showHelpAfterError('(rollcall --help lists the commands and options)')
    .exitOverride()
    .addHelpText('after', help);
  if (name === '--version') return root;
  const named = groups.filter(({ commands }) => commands.includes(name ?? ''));
  // The groups load one after another, because help lists the commands in this order.
  for (const { load } of named.length === 0 ? groups : named) (await load())(root);
  return root;
}

/** Runs the command line. Never rejects: an error becomes one line on stderr and the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader of the output that ends early (`| head`) causes no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.unexpected),
  );
  try {
    const program = await programFor(argv[2]);
    await program.parseAsync([...argv]);
  } catch (error) {
    // Commander has printed the message already.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    else {
      note(`rollcall: ${plain(messageOf(error))}`);
      process.exitCode = exitCodeOf(error);
    }
  }
}
