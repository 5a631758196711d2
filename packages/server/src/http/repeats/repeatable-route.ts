import type { Caller } from '../../access/caller.ts';

/**
 * A request whose head the server admitted before on the same connection. The two heads differ at most in the part of
 * the target that may vary.
 */
export interface RepeatedRequest {
  /** The part of the target behind the route's fixed part, which matched the route's `varies`. */
  readonly varying: RegExpExecArray;
  /** The body, as long as the head says. */
  readonly body: Buffer;
  readonly caller: Caller;
  readonly secret: string | undefined;
  /** Whether a value fits the route's own schema, for its body, or for its query if it has no body. */
  readonly isValid: (value: unknown) => boolean;
}

/** An answer with status 200: JSON of ASCII characters, or a list of bytes between two such texts. */
export interface RepeatedAnswer {
  readonly before: string;
  readonly list?: readonly Buffer[];
  readonly after?: string;
}

/** A route that answers repeated requests at once, and only as its handler would. */
export interface RepeatableRoute {
  /** The pattern of the varying part of the target. It must match neither white space nor control characters. */
  readonly varies: RegExp;
  /** Undefined: the handler must answer, as if this had not been called. Then it must not have changed anything. */
  readonly answer: (request: RepeatedRequest) => RepeatedAnswer | undefined;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Repeated requests may be answered without the HTTP parser and the framework. */
    repeats?: RepeatableRoute;
  }
}
