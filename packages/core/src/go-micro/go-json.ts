/** JSON in the shapes and with the escapes of go-micro. The readers accept any input. */
import { readMetadata } from '../adapter/readers.ts';
import type { Endpoint, Value } from '../contract.ts';

/** Deepest nesting that is read: far above what can be written, far below what exhausts the stack. */
const maxDepth = 64;

/** JSON as Go's encoder writes it: compact, and safe within HTML. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function goValue(value: Value | undefined): unknown {
  if (value === undefined) return null;
  const values = value.values ?? [];
  return { name: value.name, type: value.type, values: values.length === 0 ? null : values.map(goValue) };
}

/** An endpoint in go-micro's shape, in which no field is ever left out. */
export function goEndpoint({ name, request, response, metadata = {} }: Endpoint): string {
  return goJson({
    name,
    request: goValue(request),
    response: goValue(response),
    metadata: Object.keys(metadata).length === 0 ? null : metadata,
  });
}

/** A JSON object, or undefined. */
export function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function readValue(value: unknown, depth: number): Value | undefined {
  if (typeof value !== 'object' || value === null || depth > maxDepth) return undefined;
  const { name, type, values } = value as Record<string, unknown>;
  return {
    name: typeof name === 'string' ? name : '',
    type: typeof type === 'string' ? type : '',
    values: (Array.isArray(values) ? values : []).flatMap((item) => readValue(item, depth + 1) ?? []),
  };
}

/** An endpoint; undefined without a name. */
export function readEndpoint(value: unknown): Endpoint | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { name, request, response, metadata } = value as Record<string, unknown>;
  if (typeof name !== 'string') return undefined;
  return {
    name,
    request: readValue(request, 1),
    response: readValue(response, 1),
    metadata: readMetadata(metadata),
  };
}
