import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { findBinary, onPath } from './bring.ts';

const run = promisify(execFile);
/** The name of a host's interface. */
const device = 'eth0';
const subnet = '10.77.0';

/** A host of a {@link Lan}. */
export type HostName = 'a' | 'b';

/** Whether this process may make a LAN: it needs root, and `ip` of iproute2. */
export const canMakeLan = (): boolean => process.getuid?.() === 0 && onPath('ip') !== undefined;

let made = 0;

/** Two hosts on one cable: network namespaces of this machine joined by a veth pair, with nothing else in them but loopback. */
export class Lan {
  readonly #prefix = `rc${process.pid}-${made++}`;
  readonly #onExit = (): void => {
    for (const host of ['a', 'b'] as const) spawnSync('ip', ['netns', 'del', this.namespace(host)]);
  };

  private constructor() {}

  /** Creates the LAN, with `eth0` up on both hosts. */
  static async create(): Promise<Lan> {
    const lan = new Lan();
    process.once('exit', lan.#onExit);
    for (const host of ['a', 'b'] as const) {
      await run('ip', ['netns', 'add', lan.namespace(host)]);
      // While the system checks that an address is unique, the address cannot be used, which takes seconds.
      await lan.run(host, 'sh', ['-c', 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad']);
      await lan.run(host, 'ip', ['link', 'set', 'lo', 'up']);
    }
    await lan.connect();
    return lan;
  }

  /** The network namespace of a host, as `ip netns` lists it. */
  namespace(host: HostName): string {
    return `${this.#prefix}${host}`;
  }

  /** IPv4 address of a host. */
  address(host: HostName): string {
    return `${subnet}.${host === 'a' ? 1 : 2}`;
  }

  /** The command that runs a program on a host. */
  command(host: HostName, file: string, args: readonly string[]): readonly [string, string[]] {
    return ['ip', ['netns', 'exec', this.namespace(host), file, ...args]];
  }

  /** Runs a program on a host until it ends; returns its output. */
  async run(host: HostName, file: string, args: readonly string[]): Promise<string> {
    return (await run(...this.command(host, file, args))).stdout;
  }

  /** Plugs the cable in: a new interface on each host, with the host's fixed address. */
  async connect(): Promise<void> {
    const ends = { a: `${this.#prefix}x`, b: `${this.#prefix}y` };
    await run('ip', ['link', 'add', ends.a, 'type', 'veth', 'peer', 'name', ends.b]);
    for (const host of ['a', 'b'] as const) {
      await run('ip', ['link', 'set', ends[host], 'netns', this.namespace(host), 'name', device]);
      // The new interface keeps the hardware address, like a real network card, so its address does not show that it is
      // new.
      await this.run(host, 'ip', ['link', 'set', device, 'address', `02:00:00:00:00:${host === 'a' ? '0a' : '0b'}`]);
      await this.run(host, 'ip', ['addr', 'add', `${this.address(host)}/24`, 'dev', device]);
      await this.up(host);
    }
  }

  /** Pulls the cable out: the interfaces are gone. */
  async disconnect(): Promise<void> {
    await this.run('a', 'ip', ['link', 'del', device]);
  }

  async up(host: HostName): Promise<void> {
    await this.run(host, 'ip', ['link', 'set', device, 'up']);
    // go-micro sends where the system's routes point, like every program that binds no interface.
    await this.run(host, 'ip', ['route', 'replace', 'default', 'dev', device]);
  }

  async down(host: HostName): Promise<void> {
    await this.run(host, 'ip', ['link', 'set', device, 'down']);
  }

  /** Drops this many of a hundred incoming packets (1-99) of a host, at random. */
  async lose(host: HostName, percent: number): Promise<void> {
    const rule = `table inet loss { chain in { type filter hook input priority 0; iifname ${device} numgen random mod 100 < ${percent} counter drop; }; }`;
    await this.run(host, await findBinary('nft'), [rule]);
  }

  /** How many packets of the host the firewall has dropped. */
  async lost(host: HostName): Promise<number> {
    const rules = await this.run(host, await findBinary('nft'), ['list', 'ruleset']);
    return Number(/counter packets (\d+)/.exec(rules)?.[1] ?? 0);
  }

  /** Makes a host's own firewall refuse what it sends. */
  async refuseSending(host: HostName): Promise<void> {
    const rule = 'table inet shut { chain out { type filter hook output priority 0; udp dport 5353 drop; }; }';
    await this.run(host, await findBinary('nft'), [rule]);
  }

  /** Removes every rule of a host's firewall. */
  async heal(host: HostName): Promise<void> {
    await this.run(host, await findBinary('nft'), ['flush', 'ruleset']);
  }

  /** Deletes the hosts, and with them their interfaces. */
  async dispose(): Promise<void> {
    process.off('exit', this.#onExit);
    for (const host of ['a', 'b'] as const) await run('ip', ['netns', 'del', this.namespace(host)]);
  }
}
