import { schemaKeywords } from '@rollcall/protocol';
import type { Options, ValidateFunction } from 'ajv';
import type { FastifyServerOptions } from 'fastify';

/**
 * How the requests of all fronts are checked. A value of the wrong type is refused instead of converted.
 * Unknown fields are dropped where a schema says `additionalProperties: false`.
 */
const options: Options = {
  removeAdditional: true,
  strictTuples: false,
  strictRequired: false,
  allowUnionTypes: true,
  keywords: [...schemaKeywords],
  // A test validates the schemas. Validating them here would take longer than compiling them.
  validateSchema: false,
  meta: false,
};

type SchemaController = NonNullable<FastifyServerOptions['schemaController']>;

/**
 * Compiles each schema at the first request that it checks. Compiling all schemas at the start of the server would take
 * longer than reading ten thousand instances. Answers have no schemas, so no compiler is loaded for them.
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

  /** The value of fastify's option `schemaController`. */
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
    // By its types, fastify passes a schema, as to ajv; in fact it passes an object with the field `schema`.
    return { compilersFactory: factories as unknown as NonNullable<SchemaController['compilersFactory']> };
  }
}
