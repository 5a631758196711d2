import type { Caller } from '../../access/caller.ts';

/** A request whose head the server has admitted before on the same connection, byte for byte but for what may differ. */
export interface RepeatedRequest {
  /** What the target has behind the fixed part of its route, as the route's `varies` matched it. */
  readonly varying: RegExpExecArray;
  /** As long as the head says. */
  readonly body: Buffer;
  readonly caller: Caller;
  readonly secret: string | undefined;
  /** The check of the route's own schema: of its body, else of its query. */
  readonly isValid: (value: unknown) => boolean;
}

/** A 200 with JSON of ASCII characters, or with a list of bytes between two such texts. */
export interface RepeatedAnswer {
  readonly before: string;
  readonly list?: readonly Buffer[];
  readonly after?: string;
}

/** A route that answers repeated requests at once, and only as its handler would. */
export interface RepeatableRoute {
  /** What of the target may differ, behind what is fixed of the route. It must match no white space and no control character. */
  readonly varies: RegExp;
  /** Undefined: the handler is to answer, as if this had not been asked. It must not have changed anything then. */
  readonly answer: (request: RepeatedRequest) => RepeatedAnswer | undefined;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Repeated requests may be answered without the HTTP parser and the framework. */
    repeats?: RepeatableRoute;
  }
}
