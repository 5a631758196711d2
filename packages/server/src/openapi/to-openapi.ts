import type { JsonSchema } from '@rollcall/protocol';

/**
 * Turns a schema that checks requests (draft 7) into OpenAPI 3.1 (draft 2020-12): tuples have another keyword, and of
 * an `if` that only improves a message the description has the branches alone.
 */
export function toOpenApi(schema: JsonSchema): JsonSchema {
  const { if: condition, then, else: otherwise, ...rest } = schema;
  if (condition !== undefined) return { ...toOpenApi(rest), anyOf: [converted(then), converted(otherwise)] };
  if (Array.isArray(schema.items)) {
    const { items, ...others } = schema;
    return { ...toOpenApi(others), prefixItems: converted(items), items: false };
  }
  return Object.fromEntries(Object.entries(schema).map(([keyword, value]) => [keyword, converted(value)]));
}

function converted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(converted);
  return typeof value === 'object' && value !== null ? toOpenApi(value as JsonSchema) : value;
}
