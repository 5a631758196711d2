import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, renameSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const folder = fileURLToPath(new URL('..', import.meta.url));
/** A folder that git ignores. */
const cache = fileURLToPath(new URL('../../../.cache/interop/', import.meta.url));

/** Builds the program of `main.go` and returns its path. The first build downloads the modules of `go.sum`. */
export async function buildGoMicro(): Promise<string> {
  mkdirSync(cache, { recursive: true });
  const file = `${cache}go-micro`;
  // The rename puts the program in place at once, since several test files may build at the same time.
  await promisify(execFile)('go', ['build', '-o', `${file}.${process.pid}`, '.'], { cwd: folder });
  renameSync(`${file}.${process.pid}`, file);
  return file;
}

/** An event of go-micro's watcher, with the service in go-micro's JSON. */
export interface GoEvent {
  readonly Action: string;
  readonly Service: GoService;
}

export interface GoService {
  readonly name: string;
  readonly version?: string;
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly endpoints?: readonly object[] | null;
  readonly nodes?:
    | readonly {
        readonly id: string;
        readonly address: string;
        readonly metadata?: Readonly<Record<string, string>> | null;
      }[]
    | null;
}

interface Answer {
  readonly error?: string;
  readonly event?: GoEvent;
  readonly ended?: string;
  readonly services?: readonly GoService[] | null;
}

/** A process of `main.go`, which uses go-micro's own registry. */
export class GoMicro {
  readonly events: GoEvent[] = [];
  readonly #child: ChildProcess;
  readonly #waiting: ((answer: Answer) => void)[] = [];

  /** @param muted Whether to keep go-micro's own log lines out of the report. */
  constructor([file, ...args]: readonly [string, ...string[]], muted = false) {
    this.#child = spawn(file, args, { stdio: ['pipe', 'pipe', muted ? 'ignore' : 'inherit'] });
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      // go-micro writes its own log lines here too; these are skipped.
      if (!line.startsWith('{')) return;
      const answer = JSON.parse(line) as Answer;
      if (answer.event !== undefined) this.events.push(answer.event);
      else if (answer.ended === undefined) this.#waiting.shift()?.(answer);
    });
  }

  register(service: GoService, ttl: number): Promise<Answer> {
    return this.#ask({ do: 'register', service, ttl });
  }

  deregister(service: GoService): Promise<Answer> {
    return this.#ask({ do: 'deregister', service });
  }

  watch(name: string): Promise<Answer> {
    return this.#ask({ do: 'watch', name });
  }

  /** Reads a service, without the versions that have no node: go-micro's Consul registry returns those as well. */
  async get(name: string): Promise<readonly GoService[]> {
    const { services } = await this.#ask({ do: 'get', name });
    return (services ?? []).filter(({ nodes }) => (nodes ?? []).length > 0);
  }

  async list(): Promise<readonly string[]> {
    const { services } = await this.#ask({ do: 'list' });
    return (services ?? []).map(({ name }) => name);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async #ask(command: object): Promise<Answer> {
    const answered = new Promise<Answer>((resolve) => void this.#waiting.push(resolve));
    this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
    const answer = await answered;
    if (answer.error !== undefined) throw new Error(`go-micro: ${answer.error}`);
    return answer;
  }
}

/** An endpoint with every field. */
export const endpoint = {
  name: 'Greeter.Hello',
  request: { name: 'Request', type: 'Request', values: [{ name: 'name', type: 'string', values: [] }] },
  response: { name: 'Response', type: 'Response', values: [] },
  metadata: { stream: 'false' },
};

/** One row for each node, with all that identifies and describes it. */
export const rows = (services: readonly GoService[]): readonly string[] =>
  services
    .flatMap(({ version = '', nodes }) =>
      (nodes ?? []).map(({ id, address, metadata }) => `${version} ${id} ${address} ${JSON.stringify(metadata ?? {})}`),
    )
    .sort();
