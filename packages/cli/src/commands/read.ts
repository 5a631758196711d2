import type { Registry, Service, WatchEvent } from '@rollcall/core';
import type { Command } from 'commander';
import { type CommonOptions, withCommon, withRegistry } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { note, plain, print, table } from '../output.ts';
import { untilSignal } from '../signals.ts';

/** `list`, `get`, `watch`. */
export function addReadCommands(program: Command): void {
  withCommon(program.command('list')).description('services and their versions').action(list);
  withCommon(program.command('get <name>')).description('nodes of a service; late ones are marked').action(get);
  withCommon(program.command('watch [name]')).description('what comes, changes and goes, as it happens').action(watch);
}

async function list(options: CommonOptions): Promise<void> {
  await withRegistry(options, async (registry) => {
    const services = await registry.listServices();
    if (options.json) return print(JSON.stringify(services));
    if (services.length > 0)
      print(
        table(
          ['SERVICE', 'VERSIONS'],
          services.map(({ name, versions }) => [name, versions.map((version) => version || '-').join(', ')]),
        ),
      );
    else if (!options.quiet) note('no service is registered');
    if (!options.quiet) tellSkipped(registry);
  });
}

/** Records of other programs that are in no answer. The user who misses one learns why. */
function tellSkipped({ skipped }: Registry): void {
  if (skipped === undefined || skipped.count === 0) return;
  const examples = skipped.examples.map(({ key, reason }) => `\n  ${plain(key)}: ${plain(reason)}`).join('');
  const more = skipped.count > skipped.examples.length ? '\n  ...' : '';
  note(`${skipped.count} records of other programs cannot be read as a node:${examples}${more}`);
}

const rowsOf = ({ version, nodes }: Service): string[][] =>
  nodes.map(({ id, address, late, metadata }) => [
    version || '-',
    id,
    address,
    late ? 'late' : 'on time',
    Object.entries(metadata)
      .map(([key, value]) => `${key}=${value}`)
      .join(' '),
  ]);

async function get(name: string, options: CommonOptions): Promise<void> {
  await withRegistry(options, async (registry) => {
    const services = await registry.getService(name);
    if (options.json) print(JSON.stringify(services));
    else if (services.length > 0)
      print(table(['VERSION', 'NODE', 'ADDRESS', 'STATE', 'METADATA'], services.flatMap(rowsOf)));
    if (services.length === 0) throw new CliError(exitCodes.notFound, `${name} has no live node`);
  });
}

function lineOf(event: WatchEvent): string {
  if (event.type === 'synced') return 'synced       this is the whole roll as of now';
  if (event.type === 'interrupted') return `interrupted  ${plain(event.error.message)}; reconnecting`;
  const { name, version, nodes } = event.service;
  const [node] = nodes;
  const reason = event.type === 'delete' ? `  (${event.reason})` : '';
  return plain(
    `${event.type.padEnd(11)}  ${name} ${version || '-'}  ${node?.id} at ${node?.address}${node?.late ? '  late' : ''}${reason}`,
  );
}

function jsonOf(event: WatchEvent): string {
  if (event.type !== 'interrupted') return JSON.stringify(event);
  const { code, message } = event.error;
  return JSON.stringify({ type: event.type, error: { code, message } });
}

async function watch(name: string | undefined, options: CommonOptions): Promise<void> {
  const signal = untilSignal();
  await withRegistry(options, async (registry) => {
    for await (const event of registry.watch({ name, signal })) print(options.json ? jsonOf(event) : lineOf(event));
  });
}
