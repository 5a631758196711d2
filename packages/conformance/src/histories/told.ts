import { RegistryError, type Service, type WatchEvent, type Watcher } from '@rollcall/core';
import { contentOf } from './content.ts';
import type { Look, NodeModel } from './node-model.ts';
import { textOf } from './node-model.ts';
import { Violation } from './violation.ts';

/** The model that a watcher of a history is checked against. */
export interface ToldContext {
  readonly label: string;
  /** The service that the watcher follows; undefined: all services. */
  readonly name: string | undefined;
  now(): number;
  /** How late a consumer may hear of a change. Milliseconds. */
  latenessMs(): number;
  /** The model of a node that histories write; `undefined` for nodes of other writers. */
  modelOf(name: string, id: string): NodeModel | undefined;
  /** All nodes that this watcher is told of. */
  models(): Iterable<{ readonly key: string; readonly model: NodeModel }>;
  note(line: string): void;
}

/** Folds the events of a watcher into a state, and checks each event against the model. */
export class Told {
  readonly label: string;
  readonly #context: ToldContext;
  readonly #watcher: Watcher;
  readonly #told = new Map<string, string>();
  readonly #late = new Map<string, true | undefined>();
  /** Nodes that were told since the last interruption. */
  #freshly = new Set<string>();
  #failure: unknown;
  #mayEnd = false;
  #interrupted = false;
  synced = false;
  ended = false;
  /** The registry of the watcher was closed, so no event may come any more. */
  closed = false;

  constructor(watcher: Watcher, context: ToldContext) {
    this.label = context.label;
    this.#context = context;
    this.#watcher = watcher;
    void this.#pump();
  }

  /** Throws the violation that the checks found, if any. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Stops the watcher, and checks that it has ended for good. */
  async stop(): Promise<void> {
    this.#mayEnd = true;
    await this.#watcher.return();
    const { done } = await this.#watcher.next();
    if (done !== true) throw new Violation('closed', `${this.label} tells something after its return()`);
  }

  /** Notes that the registry of the watcher is being closed. */
  closing(): void {
    this.#mayEnd = true;
  }

  /** Notes a fault: events from now on may lack their reason. */
  fault(): void {
    this.#freshly = new Set();
  }

  /** Checks that the told state agrees with the model, as far as this check can know. */
  assertTrue(look: Look): void {
    for (const { key, model } of this.#context.models()) {
      const text = this.#told.get(key) ?? 'absent';
      const allowed = model.allowed(look);
      if (allowed.has(text)) continue;
      const wanted = [...allowed].join(' or ');
      throw new Violation(
        model.ruleOf(text, look, 'watch'),
        `${this.label} was told ${key} is ${text}, but it is ${wanted}`,
      );
    }
  }

  async #pump(): Promise<void> {
    try {
      for await (const event of this.#watcher) this.#take(event);
      this.ended = true;
      if (!this.#mayEnd)
        throw new Violation('watch', `${this.label} ended, though neither it nor its registry was ended`);
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #take(event: WatchEvent): void {
    if (this.closed) throw new Violation('closed', `${this.label} was told ${event.type} after close`);
    const { now, latenessMs } = this.#context;
    const at = now();
    const look: Look = { from: at - latenessMs(), until: at };
    if ('service' in event) {
      this.#fold(event, look);
      return;
    }
    this.#context.note(`// ${this.label} is told ${event.type}`);
    this.synced = event.type === 'synced';
    const again = this.#interrupted && event.type === 'interrupted';
    this.#interrupted = event.type === 'interrupted';
    if (again) throw new Violation('event', `${this.label} is told of one outage twice`);
    if (event.type === 'synced') {
      this.assertTrue(look);
      return;
    }
    if (!RegistryError.is(event.error)) throw new Violation('event', `${this.label}: interrupted without an error`);
    this.fault();
  }

  #fold(event: Extract<WatchEvent, { readonly service: Service }>, look: Look): void {
    const { service } = event;
    const [node] = service.nodes;
    const model = this.#context.modelOf(service.name, node?.id ?? '');
    if (model === undefined || node === undefined) return;
    const key = `${service.name}/${node.id}`;
    const text = textOf(contentOf(service));
    this.#context.note(
      `// ${this.label} is told ${event.type} of ${key}${event.type === 'delete' ? ` (${event.reason})` : `: ${text}`}`,
    );
    this.#assertShape(event, key, text, model.allowed(look));
    const found = event.type === 'delete' ? 'absent' : text;
    const allowed = model.allowed(look);
    if (!allowed.has(found)) {
      const wanted = [...allowed].join(' or ');
      throw new Violation(
        model.ruleOf(found, look, 'watch'),
        `${this.label} is told ${event.type} of ${key} (${found}), but it is ${wanted}`,
      );
    }
    if (event.type === 'delete') {
      const causes = model.causes(look);
      if (!causes.has(event.reason) && this.#freshly.has(key)) {
        throw new Violation(
          'reason',
          `${this.label} is told ${event.reason} of ${key}, not ${[...causes].join(' or ')}`,
        );
      }
      this.#told.delete(key);
      return;
    }
    this.#freshly.add(key);
    this.#told.set(key, text);
    this.#late.set(key, node.late);
  }

  #assertShape(
    { type, service }: Extract<WatchEvent, { readonly service: Service }>,
    key: string,
    text: string,
    current: ReadonlySet<string>,
  ): void {
    const refuse = (detail: string): never => {
      throw new Violation('event', `${this.label}: ${type} of ${key} ${detail}`);
    };
    const known = this.#told.get(key);
    if (service.nodes.length !== 1) refuse(`carries ${service.nodes.length} nodes`);
    if (this.#context.name !== undefined && service.name !== this.#context.name) refuse('is of another service');
    if (type === 'create' && known !== undefined) refuse('was told before');
    if (type !== 'create' && known === undefined) refuse('was never told');
    if (type === 'update' && known === text && this.#late.get(key) === service.nodes[0]?.late)
      refuse('changes nothing');
    // A delete may carry an update that was still pending when the node left.
    if (type === 'delete' && known !== text && !current.has(text)) refuse(`carries ${text}, told last was ${known}`);
  }
}
