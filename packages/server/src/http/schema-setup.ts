import { schemaKeywords } from '@rollcall/protocol';
import type { FastifyServerOptions } from 'fastify';

/**
 * How requests are checked, in one place for all fronts. A value of the wrong type is refused instead of converted.
 * Unknown fields are dropped where a schema says `additionalProperties: false`.
 */
export const schemaSetup: NonNullable<FastifyServerOptions['ajv']> = {
  customOptions: {
    coerceTypes: false,
    removeAdditional: true,
    useDefaults: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    keywords: [...schemaKeywords],
  },
};
