/** The checks of a cluster, to find the services that may have changed between two readings. */
export class CheckTable {
  #checks: ReadonlyMap<string, { readonly service: string; readonly node: string; readonly state: string }> = new Map();

  /** Takes an answer of `/v1/health/state/any` and returns the services and machines with a changed check. */
  take(items: readonly unknown[]): { readonly services: ReadonlySet<string>; readonly nodes: ReadonlySet<string> } {
    const now = new Map(items.map(readCheck));
    const before = this.#checks;
    const services = new Set<string>();
    const nodes = new Set<string>();
    const changed = (check: { readonly service: string; readonly node: string }): void => {
      if (check.service === '') nodes.add(check.node);
      else services.add(check.service);
    };
    for (const [key, check] of now) if (before.get(key)?.state !== check.state) changed(check);
    for (const [key, check] of before) if (!now.has(key)) changed(check);
    this.#checks = now;
    return { services, nodes };
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function readCheck(
  item: unknown,
): [string, { readonly service: string; readonly node: string; readonly state: string }] {
  const check = (typeof item === 'object' && item !== null ? item : {}) as Record<string, unknown>;
  const { Node, CheckID, ServiceName, Status, ModifyIndex } = check;
  // A check carries the tags of its service, and our tags change with every write, so the check's index does too.
  return [
    `${text(Node)}\0${text(CheckID)}`,
    { service: text(ServiceName), node: text(Node), state: `${text(Status)} ${Number(ModifyIndex)}` },
  ];
}
