import { schemaKeywords } from '@rollcall/protocol';
import type { FastifyServerOptions } from 'fastify';

/**
 * How requests are checked, in one place for all fronts: a value of the wrong type is refused, not turned into the right
 * one; fields that a schema does not know are dropped where it says `additionalProperties: false`.
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
