const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The machines of a cluster with their addresses, to find those whose address has changed since the last reading. */
export class MachineTable {
  #addresses: ReadonlyMap<string, string> = new Map();

  /** Takes a reading of `/v1/catalog/nodes`; returns the names of machines whose address has changed. */
  take(items: readonly unknown[]): ReadonlySet<string> {
    const before = this.#addresses;
    this.#addresses = new Map(
      items.map((item) => {
        const { Node, Address } = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
        return [text(Node), text(Address)] as const;
      }),
    );
    const changed = [...this.#addresses].filter(([name, address]) => before.get(name) !== address);
    return new Set(changed.map(([name]) => name));
  }
}
