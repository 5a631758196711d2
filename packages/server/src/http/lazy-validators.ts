import { schemaKeywords } from '@rollcall/protocol';
import type { Options, ValidateFunction } from 'ajv';
import type { FastifyServerOptions } from 'fastify';

/**
 * How requests are checked, in one place for all fronts. A value of the wrong type is refused instead of converted.
 * Unknown fields are dropped where a schema says `additionalProperties: false`.
 */
const options: Options = {
  removeAdditional: true,
  strictTuples: false,
  strictRequired: false,
  allowUnionTypes: true,
  keywords: [...schemaKeywords],
  // A test checks the schemas, which would take longer than to compile them.
  validateSchema: false,
  meta: false,
};

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>;

/**
 * Compiles each schema at the first request that it checks. At the start of the server, all of them would take longer
 * than to read ten thousand instances. The server has no schemas for its answers, so it loads no compiler for them.
 */
export class LazyValidators {
  #compile: (schema: object) => ValidateFunction = () => {
    throw new Error(
      'a request was checked before the compiler of schemas was loaded; this is a defect of Rollcall, please report it',
    );
  };

  /** Loads the compiler. Await it before any request is answered. */
  async load(): Promise<void> {
    const { default: library } = await import('ajv');
    const ajv = new library.Ajv(options);
    this.#compile = (schema) => ajv.compile(schema);
  }

  /** The option of the framework. */
  get schemaController(): SchemaController {
    const compiler = ({ schema }: { readonly schema: object }) => {
      let check: ValidateFunction | undefined;
      const validate = (data: unknown): boolean => {
        check ??= this.#compile(schema);
        const holds = check(data);
        validate.errors = check.errors;
        return holds;
      };
      validate.errors = undefined as ValidateFunction['errors'];
      return validate;
    };
    const factories = { buildValidator: () => compiler, buildSerializer: () => () => JSON.stringify };
    // The types of fastify name the function of ajv, which takes a schema; in truth it passes a route that has one.
    return { compilersFactory: factories as unknown as NonNullable<SchemaController['compilersFactory']> };
  }
}
