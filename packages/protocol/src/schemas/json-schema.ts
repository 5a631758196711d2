/** A JSON schema (draft 7), with the keywords of `keywords.ts` besides. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}
