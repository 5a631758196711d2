import { Agent, type IncomingMessage, request } from 'node:http';

/** An answer of `/api`. */
export interface RawAnswer<T> {
  readonly status: number;
  readonly data: T;
  readonly message: string;
  readonly epoch: string;
  readonly revision: number;
}

/** An instance as a server lists it. */
export interface RawInstance {
  readonly env: string;
  readonly appid: string;
  readonly hostname: string;
  readonly late?: boolean;
  readonly renewTimestamp: number;
}

/** Sends requests without the adapter to a server that is killed now and then. A request without an answer rejects. */
export class RawServer {
  readonly #address: () => string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(address: () => string) {
    this.#address = address;
  }

  async ask<T = unknown>(method: string, path: string, body?: unknown): Promise<RawAnswer<T>> {
    const response = await this.open(method, path, body);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    const answer = JSON.parse(Buffer.concat(chunks).toString()) as RawAnswer<T>;
    return { ...answer, status: response.statusCode ?? 0 };
  }

  open(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<IncomingMessage> {
    const url = `http://${this.#address()}${path}`;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const all = text === undefined ? headers : { ...headers, 'content-type': 'application/json' };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers: all, agent: this.#agent, timeout: 60_000 }, resolve);
      sent.once('error', reject);
      sent.once('timeout', () => sent.destroy(new Error('no answer within 60 s')));
      sent.end(text);
    });
  }

  async list(env: string): Promise<readonly RawInstance[]> {
    return (await this.ask<{ instances: RawInstance[] }>('GET', `/api/fetch/all?env=${env}`)).data.instances;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A watch by server-sent events that resumes after each break and keeps what it was told. */
export class RawWatch {
  /** The known instances, by node. */
  readonly state = new Map<string, RawInstance>();
  readonly removed: { readonly id: string; readonly reason: string }[] = [];
  snapshots = 0;
  /** How many events said that a node is late. */
  late = 0;
  resumed = 0;
  /** How many events had a revision that was not above the revision before. */
  outOfOrder = 0;
  revision = 0;
  readonly #server: RawServer;
  readonly #env: string;
  readonly #onRemove: (id: string, revision: number) => void;
  #lastId: string | undefined;
  #closed = false;
  #response: IncomingMessage | undefined;

  constructor(server: RawServer, env: string, onRemove: (id: string, revision: number) => void = () => {}) {
    this.#server = server;
    this.#env = env;
    this.#onRemove = onRemove;
    void this.#run();
  }

  close(): void {
    this.#closed = true;
    this.#response?.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      await this.#follow().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #follow(): Promise<void> {
    const headers = this.#lastId === undefined ? {} : { 'last-event-id': this.#lastId };
    const response = await this.#server.open('GET', `/api/watch?env=${this.#env}`, undefined, headers);
    this.#response = response;
    if (response.statusCode !== 200) {
      response.resume();
      return;
    }
    let rest = '';
    for await (const chunk of response.setEncoding('utf8')) {
      const blocks = (rest + (chunk as string)).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) this.#hear(block);
    }
  }

  #hear(block: string): void {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const event = field('event');
    if (event === undefined) return;
    const id = field('id') ?? '';
    const revision = Number(id.split(':')[1]);
    const data = JSON.parse(field('data') ?? '{}');
    if (event === 'snapshot') {
      this.snapshots += 1;
      this.state.clear();
      for (const instance of data.instances) this.state.set(instance.hostname, instance);
    } else if (event === 'put') {
      this.state.set(data.hostname, data);
      if (data.late) this.late += 1;
    } else if (event === 'remove') {
      this.state.delete(data.hostname);
      this.removed.push({ id: data.hostname, reason: data.reason });
      this.#onRemove(data.hostname, revision);
    } else if (event === 'current') this.resumed += 1;
    if ((event === 'put' || event === 'remove') && revision <= this.revision) this.outOfOrder += 1;
    this.revision = Math.max(this.revision, revision);
    this.#lastId = id;
  }
}
