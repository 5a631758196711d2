import { patternWords } from '@rollcall/protocol';
import type { FastifyServerOptions } from 'fastify';

type SchemaErrorFormatter = NonNullable<FastifyServerOptions['schemaErrorFormatter']>;

/** Keywords whose own messages are left out, because the messages beneath them say more. */
const companions = new Set(['propertyNames', 'anyOf']);

/** What a request breaks of its schema, in a sentence: where, and what must be there. */
export const schemaError: SchemaErrorFormatter = (errors, place) => {
  const faults = errors
    .filter(({ keyword }) => !companions.has(keyword))
    .map((error) => {
      // The path of a pair does not contain the pair's name.
      const name = 'propertyName' in error ? `: the name ${JSON.stringify(error.propertyName)}` : '';
      return `${place}${error.instancePath}${name} ${ruleOf(error)}`;
    });
  return new Error(faults.join(errors.some(({ keyword }) => keyword === 'anyOf') ? ', or ' : ', '));
};

/** What the validator says, in plainer words where it shows the caller a pattern, a list or a capital letter. */
function ruleOf({ keyword, params, message = 'is not valid' }: Parameters<SchemaErrorFormatter>[0][number]): string {
  const { allowedValues, pattern, missingProperty, limit, type } = params;
  if (keyword === 'enum' && Array.isArray(allowedValues))
    return `must be one of ${allowedValues.map((value) => JSON.stringify(value)).join(', ')}`;
  if (keyword === 'pattern') return `must be ${patternWords[String(pattern)] ?? `text of the form ${String(pattern)}`}`;
  if (keyword === 'required') return `must have ${String(missingProperty)}`;
  if (keyword === 'minItems') return `must have at least ${String(limit)} item${limit === 1 ? '' : 's'}`;
  if (keyword === 'maxItems') return `must have at most ${String(limit)} items`;
  if (keyword === 'type' && typeof type === 'string') return `must be ${/^[aio]/.test(type) ? 'an' : 'a'} ${type}`;
  if (keyword === 'minLength' && limit === 1) return 'must not be empty';
  if (keyword === 'maxLength') return `must have at most ${String(limit)} characters`;
  if (keyword === 'maxProperties') return `must have at most ${String(limit)} pairs`;
  return message;
}
