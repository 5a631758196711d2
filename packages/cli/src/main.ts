import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { addBackupCommands } from './commands/backup.ts';
import { addChangesCommand } from './commands/changes.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addOperateCommands } from './commands/operate.ts';
import { addReadCommands } from './commands/read.ts';
import { addRunCommand } from './commands/run.ts';
import { addServeCommand } from './commands/serve.ts';
import { addServiceCommands } from './commands/service.ts';
import { addTokenCommands } from './commands/token.ts';
import { addWriteCommands } from './commands/write.ts';
import { exitCodeOf, exitCodes, messageOf } from './exit-codes.ts';
import { note, plain } from './output.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

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

function program(): Command {
  const root = new Command('rollcall')
    .description('the service registry from the command line')
    .version(version, '--version', 'version of the command')
    // After a command, --version would otherwise print this command's own; a user means that of the service.
    .enablePositionalOptions()
    .showHelpAfterError('(rollcall --help lists the commands and options)')
    .exitOverride()
    .addHelpText('after', help);
  addServeCommand(root);
  addTokenCommands(root);
  addReadCommands(root);
  addWriteCommands(root);
  addRunCommand(root);
  addServiceCommands(root);
  addChangesCommand(root);
  addOperateCommands(root);
  addBackupCommands(root);
  addDoctorCommand(root);
  return root;
}

/** Runs the command line. Never rejects: an error becomes one line on stderr and the exit code. */
export async function main(argv: readonly string[]): Promise<void> {
  // A reader of the output that ends early (`| head`) causes no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.unexpected),
  );
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    // Commander has printed the message already.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    else {
      note(`rollcall: ${plain(messageOf(error))}`);
      process.exitCode = exitCodeOf(error);
    }
  }
}
