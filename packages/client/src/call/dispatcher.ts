/** An Agent of the undici that Node bundles, because the global fetch alone offers no connect timeout. */

type Agent = NonNullable<RequestInit['dispatcher']>;
type AgentClass = new (options: object) => Agent;

const symbols = ['undici.globalDispatcher.2', 'undici.globalDispatcher.1'].map((name) => Symbol.for(name));

/**
 * How long before a server closes an idle connection the client stops using it. undici's own second is too short: its
 * timers may be a second late, and so may a busy caller. Milliseconds.
 */
const keepAliveTimeoutThreshold = 2_000;

/** The global dispatcher, as Node or the program set it. */
function globalDispatcher(): object | undefined {
  // On Node 20 the global dispatcher exists only after something of fetch was used.
  void globalThis.Response;
  for (const symbol of symbols) {
    const found: unknown = Reflect.get(globalThis, symbol);
    if (typeof found === 'object' && found !== null) return found;
  }
  return undefined;
}

/** Remembers where connections failed, by the errors that report it. */
const failedOrigins = new WeakMap<object, string>();

/** Where the connection behind `error` failed, after redirects; undefined: not known. */
export function failedOrigin(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null ? failedOrigins.get(cause) : undefined;
}

/** The Agents of one client, by their limit on the time until the headers. */
export class Dispatchers {
  readonly #connectTimeoutMs: number;
  readonly #agents = new Map<number, Agent>();
  #basis: object | undefined;
  #isClosed = false;

  constructor(connectTimeoutMs: number) {
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  /** An Agent; undefined where the global dispatcher is not an Agent (a proxy, a mock), since then plain fetch must use it. */
  get(headersTimeoutMs: number): Agent | undefined {
    const basis = globalDispatcher();
    if (basis !== this.#basis) this.#replace(basis);
    if (this.#isClosed || basis?.constructor.name !== 'Agent') return undefined;
    const known = this.#agents.get(headersTimeoutMs);
    if (known !== undefined) return known;
    const options = {
      connect: { timeout: this.#connectTimeoutMs },
      headersTimeout: headersTimeoutMs,
      keepAliveTimeoutThreshold,
    };
    const agent = new (basis.constructor as AgentClass)(options);
    agent.on('connectionError', (origin, _targets, error) => failedOrigins.set(error, new URL(origin).origin));
    this.#agents.set(headersTimeoutMs, agent);
    return agent;
  }

  /** Closes idle connections; answers under way may still be read. */
  close(): void {
    this.#isClosed = true;
    this.#replace(undefined);
  }

  #replace(basis: object | undefined): void {
    this.#basis = basis;
    for (const agent of this.#agents.values()) agent.close().catch(() => {});
    this.#agents.clear();
  }
}
