import { schemaKeywords, schemas } from '@rollcall/protocol';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';

// The server does not validate its schemas, so that it starts sooner; these tests do.
describe('the schemas of requests', () => {
  const ajv = new Ajv({
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    keywords: [...schemaKeywords],
  });
  it.each(Object.entries(schemas))('the schema %s is a valid JSON Schema, without an unknown keyword', (_, schema) => {
    expect(() => ajv.compile(schema)).not.toThrow();
  });
});
