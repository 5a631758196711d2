import { limits, type Registry, type Service, type WatchEvent } from '@rollcall/core';
import type { Command } from 'commander';
import { askServer, envOf } from '../admin.ts';
import { type CommonOptions, namedAdapter, registryOptions, withCommon, withRegistry } from '../common.ts';
import { CliError, exitCodes } from '../exit-codes.ts';
import { note, plain, print, table } from '../output.ts';
import { moment } from '../parse.ts';
import { untilSignal } from '../signals.ts';
import { clockOf } from '../times.ts';

/** Adds the commands `list`, `get`, `watch`. */
export function addReadCommands(program: Command): void {
  withCommon(program.command('list')).description('list services and their versions').action(list);
  withCommon(program.command('get <name>'))
    .description('show the nodes of a service; late ones are marked')
    .option(
      '--at <time>',
      'as it was at 14:02, at an ISO time, or 10m (ago), if the discovery server remembers that far back',
      moment,
    )
    .action(get);
  withCommon(program.command('watch [name]')).description('print each change of a service as it happens').action(watch);
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
    await tellWarming(options);
  });
}

/** Records of other programs that are in no answer, with the reasons, for a user that misses one. */
function tellSkipped({ skipped }: Registry): void {
  if (skipped === undefined || skipped.count === 0) return;
  const examples = skipped.examples.map(({ key, reason }) => `\n  ${plain(key)}: ${plain(reason)}`).join('');
  const more = skipped.count > skipped.examples.length ? '\n  ...' : '';
  const [records, they] =
    skipped.count === 1 ? ['record of another program is', 'it'] : ['records of other programs are', 'they'];
  note(`${skipped.count} ${records} skipped, because ${they} cannot be read as a node:${examples}${more}`);
}

/** While a server warms up, a missing service may still register again, so an absence means nothing. */
async function tellWarming(options: CommonOptions): Promise<void> {
  if (options.json || options.quiet) return;
  const adapter = await namedAdapter(options);
  const status = await adapter
    .admin?.(registryOptions(options))
    .status()
    .catch(() => undefined);
  if (status !== undefined && 'warming' in status && status.warming === true)
    note('the server is warming up: services that were registered before its start may be missing');
}

/** Says that no program of Rollcall can register the name, although another program may. */
const nameHint = (name: string): string =>
  limits.isServiceName(name) || !limits.isReadableName(name)
    ? ''
    : ', and only programs without Rollcall can register that name: with Rollcall a name is 1-63 of [a-z0-9._-]';

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

interface GetOptions extends CommonOptions {
  readonly at?: string;
}

/** Shows the nodes as they were at a past time. */
async function getAt(name: string, at: string, options: CommonOptions): Promise<void> {
  const query = { env: envOf(options), name, at };
  const past = await askServer(options, 'show the past', (admin) => admin.servicesAt(query));
  if (!options.quiet && !options.json) note(`${plain(name)} as of ${clockOf(past.at)}, revision ${past.revision}`);
  show(past.services, options);
  if (past.services.length === 0)
    throw new CliError(
      exitCodes.notFound,
      `no node of ${name} was registered at ${clockOf(past.at)}: rollcall changes ${name} tells when one was`,
    );
}

function show(services: readonly Service[], options: CommonOptions): void {
  if (options.json) print(JSON.stringify(services));
  else if (services.length > 0)
    print(table(['VERSION', 'NODE', 'ADDRESS', 'STATE', 'METADATA'], services.flatMap(rowsOf)));
}

async function get(name: string, options: GetOptions): Promise<void> {
  if (options.at !== undefined) return getAt(name, options.at, options);
  await withRegistry(options, async (registry) => {
    const services = await registry.getService(name);
    show(services, options);
    await tellWarming(options);
    if (services.length === 0)
      throw new CliError(
        exitCodes.notFound,
        `no node of ${name} is registered${nameHint(name) || ': rollcall list shows the services that are'}`,
      );
  });
}

function lineOf(event: WatchEvent): string {
  if (event.type === 'synced') return 'synced       the lines above are all that is registered now';
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
  const hint = name === undefined ? '' : nameHint(name);
  if (hint !== '' && !options.quiet) note(`watching ${plain(name ?? '')}${hint}`);
  await withRegistry(options, async (registry) => {
    const events = registry.watch({ name, signal });
    // The note is not awaited, because events must not wait for a server that does not answer.
    void tellWarming(options);
    for await (const event of events) print(options.json ? jsonOf(event) : lineOf(event));
  });
}
