/** The last known nodes of every service in a file, so that a caller can start while the registry is lost. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, ServiceNode } from '@rollcall/core';
import { limits, readMetadata } from '@rollcall/core/adapter';
import { snapshotMaxAgeMs, snapshotPauseMs } from '../defaults.ts';
import type { RemoteNode } from '../picking.ts';
import type { Lines } from './lines.ts';
import { toRemoteNode } from './remote-node.ts';

interface Stored {
  readonly format: 1;
  readonly savedAtMs: number;
  readonly services: Readonly<Record<string, readonly (ServiceNode & { readonly version: string })[]>>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function toNode(name: string, value: unknown): RemoteNode[] {
  if (!isRecord(value)) return [];
  const { id, address, version, metadata } = value;
  if (typeof id !== 'string' || !limits.isReadableName(id)) return [];
  if (typeof address !== 'string' || !limits.isAddress(address)) return [];
  const node = { id, address, metadata: Object.freeze(readMetadata(metadata)) };
  return [toRemoteNode({ name, version: typeof version === 'string' ? version : '' }, node)];
}

/** The parts of a file that are used. A file may hold anything. */
function parse(text: string, wallMs: number): ReadonlyMap<string, readonly RemoteNode[]> {
  const stored: unknown = JSON.parse(text);
  if (!isRecord(stored) || stored.format !== 1 || !isRecord(stored.services))
    throw new Error('it does not hold a snapshot');
  const { savedAtMs } = stored;
  if (typeof savedAtMs !== 'number' || !(wallMs - savedAtMs <= snapshotMaxAgeMs))
    throw new Error('it is older than 7 days');
  return new Map(
    Object.entries(stored.services).map(([name, nodes]) => [
      name,
      Array.isArray(nodes) ? nodes.flatMap((node) => toNode(name, node)) : [],
    ]),
  );
}

/** The snapshot file of a client; see the top of the file. */
export class SnapshotFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #lines: Lines;
  /** Names that this run did not use stay in the file as they were. */
  readonly #services: Map<string, readonly RemoteNode[]>;
  #writtenAtMs: number = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();
  #hasFailed = false;

  /** Reads the file, if there is one. */
  constructor(path: string, clock: Clock, lines: Lines) {
    this.#path = path;
    this.#clock = clock;
    this.#lines = lines;
    this.#services = new Map(this.#read());
  }

  /** The remembered nodes of a service. */
  nodes(name: string): readonly RemoteNode[] {
    return this.#services.get(name) ?? [];
  }

  /** Notes a change of a service, which is written soon. */
  remember(name: string, nodes: readonly RemoteNode[]): void {
    this.#services.set(name, nodes);
    const waitMs = Math.max(0, this.#writtenAtMs + snapshotPauseMs - this.#clock.now());
    this.#cancel ??= this.#clock.setTimer(waitMs, () => this.#write());
  }

  /** Writes the changes that are not written yet. */
  async close(): Promise<void> {
    if (this.#cancel !== undefined) this.#write();
    await this.#writing;
  }

  #read(): ReadonlyMap<string, readonly RemoteNode[]> {
    try {
      return parse(readFileSync(this.#path, 'utf8'), this.#clock.wallNow());
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (!isMissing) this.#warn('is ignored, and written anew at the next change', error);
      return new Map();
    }
  }

  #write(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#writtenAtMs = this.#clock.now();
    this.#writing = this.#writing.then(() => this.#replace());
  }

  /** Writes a second file beside the snapshot and renames it, so that a reader never sees half a snapshot. */
  async #replace(): Promise<void> {
    // Two clients may share a file, even in one process.
    const temporary = `${this.#path}.${randomUUID()}.tmp`;
    const services = Object.fromEntries([...this.#services].filter(([, nodes]) => nodes.length > 0));
    const stored: Stored = { format: 1, savedAtMs: this.#clock.wallNow(), services };
    try {
      await mkdir(dirname(this.#path), { recursive: true });
      await writeFile(temporary, JSON.stringify(stored), { mode: 0o600 });
      await rename(temporary, this.#path);
      this.#hasFailed = false;
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      if (!this.#hasFailed)
        this.#warn('cannot be written (give snapshotFile a path that this process may write)', error);
      this.#hasFailed = true;
    }
  }

  #warn(what: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#lines.warn('', `the snapshot file ${this.#path} ${what}: ${why}`, error);
  }
}
