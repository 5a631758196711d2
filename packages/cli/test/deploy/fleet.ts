/** Instances that register once and are renewed together, until they are killed. */
export class Fleet {
  readonly #url: string;
  readonly #token: string;
  readonly #size: number;
  #handles: readonly number[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(url: string, token: string, size: number) {
    this.#url = url;
    this.#token = token;
    this.#size = size;
  }

  async start(): Promise<void> {
    const instances = Array.from({ length: this.#size }, (_, index) => ({
      ...{ env: 'prod', appid: 'web', hostname: `web-${index}`, addrs: [`10.0.0.${index}:80`] },
      ...{ ttlMs: 3_000, renewIntervalMs: 1_000 },
    }));
    const { data } = await this.#send('POST', 'register', { instances });
    this.#handles = data.handles;
    this.#timer = setInterval(() => void this.#send('PUT', 'leases', this.#handles), 300);
  }

  /** The instances stop renewing and do not deregister, as after a power cut. */
  kill(): void {
    clearInterval(this.#timer);
  }

  async #send(method: string, path: string, body: object): Promise<{ data: { handles: number[] } }> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.#token}` };
    const response = await fetch(`${this.#url}/api/${path}`, { method, headers, body: JSON.stringify(body) });
    return (await response.json()) as { data: { handles: number[] } };
  }
}
