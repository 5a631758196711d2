import { limits } from '@rollcall/core';

/** A keyword of ours, as ajv needs it. The names begin with `x-`, so that OpenAPI allows them. */
export interface SchemaKeyword {
  /** The name in a schema. */
  readonly keyword: string;
  /** The type of value that the keyword applies to. */
  readonly type: 'string';
  /** The type of the keyword's own value in a schema. */
  readonly schemaType: 'number' | 'boolean';
  /** The check itself words the error. */
  readonly errors: true;
  /** The check. */
  readonly validate: KeywordCheck;
}

/** Whether a string satisfies the keyword; `errors` says why not. */
export interface KeywordCheck {
  (wanted: number | boolean, text: string): boolean;
  errors?: { readonly keyword: string; readonly message: string; readonly params: object }[];
}

const maxBytes: KeywordCheck = (wanted, text) => {
  const bytes = Buffer.byteLength(text);
  if (bytes <= Number(wanted)) return true;
  maxBytes.errors = [
    { keyword: 'x-maxBytes', message: `must be at most ${wanted} bytes, got ${bytes}`, params: { limit: wanted } },
  ];
  return false;
};

const wellFormed: KeywordCheck = (wanted, text) => {
  if (wanted === false || limits.isWellFormed(text)) return true;
  wellFormed.errors = [{ keyword: 'x-wellFormed', message: 'must be well-formed Unicode', params: {} }];
  return false;
};

/** `x-maxBytes`: the most bytes of UTF-8. `x-wellFormed`: no lone surrogate, which UTF-8 cannot carry. */
export const schemaKeywords: readonly SchemaKeyword[] = [
  { keyword: 'x-maxBytes', type: 'string', schemaType: 'number', errors: true, validate: maxBytes },
  { keyword: 'x-wellFormed', type: 'string', schemaType: 'boolean', errors: true, validate: wellFormed },
];
