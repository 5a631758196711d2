import { type Entry, type EntryKey, entryKey, keyOf, type Lease } from '@rollcall/core/adapter';
import type { Form, Forms } from '../mdns-mapping.ts';
import { leaselessTtlS } from '../mdns-options.ts';
import { nameKey } from '../wire/message.ts';

/** A node that is announced here. */
export interface Own {
  readonly entry: Entry;
  readonly dnsSd: Form | undefined;
  readonly goMicro: Form | undefined;
  /** When the lease of the node ends, in milliseconds of the clock; undefined: it has none. */
  endsAt: number | undefined;
  /** The time until which other hosts may keep the node, by the TTLs that this host has sent. */
  toldUntil: number;
}

/** TTL of a node's records: the rest of its lease, in seconds. At least one, since zero is a goodbye. */
export function ttlOf(own: Own, now: number): number {
  const ttl = own.endsAt === undefined ? leaselessTtlS : Math.max(1, Math.ceil((own.endsAt - now) / 1_000));
  own.toldUntil = Math.max(own.toldUntil, now + ttl * 1_000);
  return ttl;
}

/** The nodes of one registry object: the authority for them. */
export class Zone {
  readonly forms: Forms;
  readonly #nodes = new Map<string, Own>();
  readonly #instances = new Map<string, Own>();
  readonly #pointers = new Map<string, Map<string, Own>>();
  readonly #listed = new Map<string, { readonly form: Form; users: number }>();

  constructor(forms: Forms) {
    this.forms = forms;
  }

  all(): Iterable<Own> {
    return this.#nodes.values();
  }

  get({ name, id }: EntryKey): Own | undefined {
    return this.#nodes.get(keyOf(name, id));
  }

  /** The node whose instance has this name, in any shape. */
  ofInstance(name: string): Own | undefined {
    return this.#instances.get(nameKey(name));
  }

  /** The nodes that a pointer of this name points to. */
  ofPointer(name: string): Iterable<Own> {
    return this.#pointers.get(nameKey(name))?.values() ?? [];
  }

  listed(): readonly Form[] {
    return [...this.#listed.values()].map(({ form }) => form);
  }

  put(own: Own): void {
    const key = entryKey(own.entry);
    this.remove(key);
    this.#nodes.set(keyOf(key.name, key.id), own);
    for (const form of [own.dnsSd, own.goMicro]) {
      if (form === undefined) continue;
      this.#instances.set(nameKey(form.instance), own);
      for (const pointer of form.pointers) {
        const group = this.#pointers.get(nameKey(pointer)) ?? new Map<string, Own>();
        this.#pointers.set(nameKey(pointer), group.set(keyOf(key.name, key.id), own));
      }
    }
    const form = own.goMicro === undefined ? undefined : this.forms.listed(key.name);
    if (form === undefined) return;
    const known = this.#listed.get(key.name);
    if (known === undefined) this.#listed.set(key.name, { form, users: 1 });
    else known.users += 1;
  }

  remove(key: EntryKey): Own | undefined {
    const own = this.get(key);
    if (own === undefined) return undefined;
    this.#nodes.delete(keyOf(key.name, key.id));
    for (const form of [own.dnsSd, own.goMicro]) {
      if (form === undefined) continue;
      this.#instances.delete(nameKey(form.instance));
      for (const pointer of form.pointers) {
        const group = this.#pointers.get(nameKey(pointer));
        group?.delete(keyOf(key.name, key.id));
        if (group?.size === 0) this.#pointers.delete(nameKey(pointer));
      }
    }
    const listed = own.goMicro === undefined ? undefined : this.#listed.get(key.name);
    if (listed !== undefined) {
      listed.users -= 1;
      if (listed.users === 0) this.#listed.delete(key.name);
    }
    return own;
  }
}

/** A node as it is announced. */
export function announce(forms: Forms, entry: Entry, lease: Lease | undefined, now: number): Own {
  const endsAt = lease === undefined ? undefined : now + lease.ttlMs;
  return { entry, dnsSd: forms.dnsSd(entry), goMicro: forms.goMicro(entry), endsAt, toldUntil: 0 };
}
