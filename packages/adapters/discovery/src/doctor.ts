/** Whether each server can be reached, what it lists, which entries cannot be used, and what to do about it. */
import { type CallOptions, RegistryError } from '@rollcall/core';
import { type CommonRegistryOptions, type Finding, untilAborted, withDeadline } from '@rollcall/core/adapter';
import { toDiscoveryError } from './discovery-error.ts';
import { readInstance } from './discovery-mapping.ts';
import { adminTimeoutMs, type DiscoverySettings, parseSettings, startHint } from './discovery-options.ts';
import { HttpError } from './http/http-error.ts';
import { ServerLink } from './servers/server-link.ts';

/** How many unusable entries are named; the rest are counted. */
const namedEntries = 20;

/**
 * Asks every server for its whole roll. `timeoutMs`: how long one of them may take, 5 s by default.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bad option.
 */
export async function* diagnose(
  options: CommonRegistryOptions = {},
  { timeoutMs = adminTimeoutMs, signal }: CallOptions = {},
): AsyncGenerator<Finding, void, undefined> {
  const settings = parseSettings(options);
  for (const endpoint of settings.endpoints) {
    const link = new ServerLink(endpoint, settings);
    try {
      const startedAt = settings.clock.now();
      const instances = await ask(link, settings, timeoutMs, signal);
      yield ok(link, `connected in ${(settings.clock.now() - startedAt).toFixed()} ms`);
      yield* rollOf(link, instances, settings.env);
    } catch (cause) {
      const error = RegistryError.is(cause) ? cause : toDiscoveryError(cause);
      yield { level: 'problem', what: `${link.address}: ${error.message}`, remedy: remedyFor(error) };
    } finally {
      link.close();
    }
  }
}

const ok = ({ address }: ServerLink, what: string): Finding => ({ level: 'ok', what: `${address}: ${what}` });

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

function ask(
  link: ServerLink,
  { clock }: DiscoverySettings,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<readonly unknown[]> {
  const reason = new RegistryError('TIMEOUT', `the server did not answer within ${ms} ms`);
  return withDeadline({ clock, ms, signal, reason }, (inner) => untilAborted(inner, link.instances(undefined, inner)));
}

function* rollOf(link: ServerLink, instances: readonly unknown[], env: string): Generator<Finding> {
  const readings = instances.map(readInstance);
  const entries = readings.flatMap(({ entry }) => entry ?? []);
  const names = new Set(entries.map(({ name }) => name));
  yield ok(link, `${counted(names.size, 'service')} with ${counted(entries.length, 'node')} in the environment ${env}`);
  if (link.warming)
    yield {
      level: 'warning',
      what: `${link.address}: the server restarted without its roll and waits for instances to register again`,
      remedy: 'wait until it has warmed up; until then a node may be missing that is alive',
    };
  const late = entries.filter(({ node }) => node.late === true).length;
  if (late > 0) yield ok(link, `${counted(late, 'late node')} (no renewal for 1.25 intervals of its own)`);
  const skipped = readings.flatMap((one) => (one.entry === undefined && one.unusable !== undefined ? [one] : []));
  for (const { key, unusable } of skipped.slice(0, namedEntries))
    yield {
      level: 'warning',
      what: `${link.address}: ${key} is skipped: ${unusable}`,
      remedy: 'correct the program that registers it, or remove it with rollcall deregister',
    };
  if (skipped.length > namedEntries)
    yield { level: 'warning', what: `${link.address}: more entries are skipped: ${skipped.length - namedEntries}` };
}

function remedyFor(error: RegistryError): string | undefined {
  if (error.code === 'UNAUTHORIZED') return 'give the token of this server: --registry-token-file';
  if (error.cause instanceof HttpError && error.cause.status !== undefined)
    return error.retryable ? 'the server runs but cannot serve: run doctor again in some seconds' : undefined;
  return error.retryable
    ? `is a discovery server running there? name it with --registry-address, or ${startHint}`
    : undefined;
}
