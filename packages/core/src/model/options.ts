import type { CommonRegistryOptions } from '../adapter/descriptor.ts';
import type { CallOptions } from '../contract.ts';
import { invalid } from './input.ts';
import { isNamespace, maxDurationMs } from './limits.ts';

/** A positive number of milliseconds up to ten years, or undefined; throws `INVALID_ARGUMENT`. */
export function parseDuration(value: unknown, field: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !(value > 0 && value <= maxDurationMs)) {
    throw invalid(field, `a positive number of milliseconds (at most ${maxDurationMs})`, value ?? 'null');
  }
  return Math.ceil(value);
}

/**
 * A namespace or undefined; throws `INVALID_ARGUMENT`. The adapter decides what it becomes: a prefix, a domain, an env.
 */
export function parseNamespace(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && isNamespace(value)) return value;
  throw invalid('namespace', '1-63 of [A-Za-z0-9._-], starting with a letter or digit', value ?? 'null');
}

/** An `AbortSignal` or undefined; throws `INVALID_ARGUMENT`. */
export function parseSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined) return undefined;
  if (value instanceof AbortSignal) return value;
  throw invalid('signal', 'an AbortSignal', value ?? 'null');
}

/** The names that the options of each call may have. `close` never rejects, so it accepts anything. */
export const callOptions: Readonly<
  Record<'call' | 'register' | 'watch' | 'follow' | 'waitForService', readonly string[]>
> = {
  call: ['signal', 'timeoutMs'],
  register: ['signal', 'timeoutMs', 'ttlMs', 'renewIntervalMs'],
  watch: ['name', 'signal'],
  follow: ['signal'],
  waitForService: ['signal', 'timeoutMs', 'minNodes'],
};

/** The names that the options of every registry may have. */
const registryOptions = {
  ...{ addresses: true, namespace: true, token: true, tokenFile: true, tlsFiles: true, env: true },
  ...{ timeoutMs: true, closeTimeoutMs: true, logger: true, clock: true },
} satisfies Record<keyof CommonRegistryOptions, true>;

/** Throws `INVALID_ARGUMENT` for an unknown option, as in `{ address: 'a:1' }`, which would be ignored. */
export function checkRegistryOptions(options: object, own: readonly string[]): void {
  checkOptions(options, [...Object.keys(registryOptions), ...own]);
}

/** Throws `INVALID_ARGUMENT` for an unknown option. A misspelt `{ ttl: 1000 }` would register without a TTL. */
export function checkOptions(options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) throw invalid('options', 'an object', options ?? 'null');
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw invalid(`options: ${unknown} is unknown; an option`, `one of ${known.join(', ')}`);
}

/** The options that every call takes; throws `INVALID_ARGUMENT`. */
export function parseCallOptions(options: unknown, known: readonly string[] = callOptions.call): CallOptions {
  checkOptions(options, known);
  if (options === undefined) return {};
  const { signal, timeoutMs } = options as CallOptions;
  return { signal: parseSignal(signal), timeoutMs: parseDuration(timeoutMs, 'timeoutMs') };
}
