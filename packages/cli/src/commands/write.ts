import type { Command } from 'commander';
import { type CommonOptions, withCommon, withRegistry } from '../common.ts';
import { note } from '../output.ts';

/** `deregister`. */
export function addDeregisterCommand(program: Command): void {
  withCommon(program.command('deregister <name> <id>'))
    .description('strike a node off; a live owner is back at its next renewal')
    .action(deregister);
}

async function deregister(name: string, id: string, options: CommonOptions): Promise<void> {
  await withRegistry(options, (registry) => registry.deregister({ name, nodes: [{ id }] }));
  if (!options.quiet) note(`${id} of ${name} is off the roll; if its owner lives, it will be back at its next renewal`);
}
