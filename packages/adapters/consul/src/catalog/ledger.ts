import { type EntryKey, keyOf } from '@rollcall/core/adapter';
import type { AgentLink } from '../agents/agent-link.ts';

/** How a node was last written. */
export interface Written {
  readonly link: AgentLink;
  /** Undefined: no lease. */
  readonly ttlMs: number | undefined;
  /** The ACL token of the write. The agent keeps it, and uses it when it tells its servers. */
  readonly token: string | undefined;
}

/**
 * Remembers with which agents this registry object registered its nodes. Only the agents know whether the nodes are
 * still there.
 */
export class Ledger {
  readonly #written = new Map<string, { readonly last: Written; readonly links: ReadonlySet<AgentLink> }>();

  note({ name, id }: EntryKey, last: Written): void {
    const key = keyOf(name, id);
    const links = new Set(this.#written.get(key)?.links).add(last.link);
    this.#written.set(key, { last, links });
  }

  /** Whether renewing the check of the node is enough for a renewal. */
  isAsWritten({ name, id }: EntryKey, { link, ttlMs, token }: Written): boolean {
    const last = this.#written.get(keyOf(name, id))?.last;
    return last !== undefined && last.link === link && last.ttlMs === ttlMs && last.token === token;
  }

  linksOf({ name, id }: EntryKey): readonly AgentLink[] {
    return [...(this.#written.get(keyOf(name, id))?.links ?? [])];
  }

  drop(keys: readonly EntryKey[]): void {
    for (const { name, id } of keys) this.#written.delete(keyOf(name, id));
  }
}
