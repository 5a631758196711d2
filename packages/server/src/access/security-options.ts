/** Options that decide which clients are served, and how many. */
export interface SecurityOptions {
  /** Listen beyond this machine although every client that reaches the port may change the roll. */
  readonly insecure?: boolean | undefined;
  /** The file with the tokens that clients need. Without one every client that reaches the server may do everything. */
  readonly tokensFile?: string | undefined;
  /** PEM file with the server's certificate, and behind it those up to its authority. Needs `tlsKey`. */
  readonly tlsCert?: string | undefined;
  /** PEM file with its key, without a passphrase. */
  readonly tlsKey?: string | undefined;
  /** PEM file with the authorities of clients: with it, clients without a certificate of theirs are refused. */
  readonly tlsClientCa?: string | undefined;
  /**
   * Each lease has a secret beside its handle, without which it is neither renewed nor cancelled. Default false: handles can
   * be guessed, so every client that may write a service may renew and cancel what another registered under its name.
   */
  readonly leaseSecrets?: boolean | undefined;
  /** File to which a line of JSON is appended for every write but renewals. */
  readonly auditLog?: string | undefined;
  /** Connections at a time; the next is closed at once. Default 20,000, about 10 KB of memory each. */
  readonly maxConnections?: number | undefined;
  /**
   * Connections of one address at a time; 0: no limit of their own. Default 1,000, and 0 for addresses of this machine.
   * Larger where many programs share an address, behind a balancer or NAT.
   */
  readonly maxConnectionsPerAddress?: number | undefined;
  /** Watches at a time; the next is refused with 503 and `Retry-After`. Default 10,000. */
  readonly maxWatches?: number | undefined;
  /** Instances that one token may have on the roll, where its entry says nothing else. Default 20,000. */
  readonly maxInstancesPerToken?: number | undefined;
}

/** Options whose absence is a setting of its own. */
type Unset = 'tokensFile' | 'tlsCert' | 'tlsKey' | 'tlsClientCa' | 'auditLog';

/** They with their defaults. */
export type SecuritySettings = Readonly<
  Required<{ [K in Exclude<keyof SecurityOptions, Unset>]: NonNullable<SecurityOptions[K]> }> &
    Pick<SecurityOptions, Unset>
> & {
  /** As `maxConnectionsPerAddress`, where the address is of this machine: no limit unless one was asked for. */
  readonly maxConnectionsFromLoopback: number;
};

/** Connections at a time. */
const defaultMaxConnections = 20_000;
/** Of one address: three for each of 300 services on one machine, and room. */
const defaultMaxPerAddress = 1_000;
/** Watches at a time. */
const defaultMaxWatches = 10_000;
/** Instances of one token. */
const defaultMaxInstances = 20_000;

/** Completes the options. */
export function withSecurityDefaults(options: SecurityOptions): SecuritySettings {
  const { tokensFile, tlsCert, tlsKey, tlsClientCa, auditLog } = options;
  return {
    insecure: options.insecure ?? false,
    leaseSecrets: options.leaseSecrets ?? false,
    maxConnections: options.maxConnections ?? defaultMaxConnections,
    maxConnectionsPerAddress: options.maxConnectionsPerAddress ?? defaultMaxPerAddress,
    maxConnectionsFromLoopback: options.maxConnectionsPerAddress ?? 0,
    maxWatches: options.maxWatches ?? defaultMaxWatches,
    maxInstancesPerToken: options.maxInstancesPerToken ?? defaultMaxInstances,
    ...{ tokensFile, tlsCert, tlsKey, tlsClientCa, auditLog },
  };
}

const paths = ['tokensFile', 'tlsCert', 'tlsKey', 'tlsClientCa', 'auditLog'] as const;
const switches = ['insecure', 'leaseSecrets'] as const;
const counts = { maxConnections: 1, maxConnectionsPerAddress: 0, maxWatches: 0, maxInstancesPerToken: 0 } as const;

/** All that is wrong with them. */
export function securityProblems(
  options: SecurityOptions,
): readonly { readonly option: keyof SecurityOptions; readonly message: string }[] {
  const problems: { readonly option: keyof SecurityOptions; readonly message: string }[] = [];
  const check = (option: keyof SecurityOptions, holds: boolean, rule: string): void => {
    if (!holds) problems.push({ option, message: `${option} ${rule}` });
  };
  for (const name of paths) {
    const path: unknown = options[name];
    check(name, path === undefined || (typeof path === 'string' && path !== ''), 'must be the path of a file');
  }
  for (const name of switches) check(name, typeof (options[name] ?? false) === 'boolean', 'must be true or false');
  for (const [name, least] of Object.entries(counts) as [keyof typeof counts, number][]) {
    const { [name]: count = least } = options;
    check(name, Number.isSafeInteger(count) && count >= least, `must be a whole number, at least ${least}`);
  }
  check(
    'tlsCert',
    (options.tlsCert === undefined) === (options.tlsKey === undefined),
    'and tlsKey must be given together',
  );
  check('tlsClientCa', options.tlsClientCa === undefined || options.tlsCert !== undefined, 'needs tlsCert and tlsKey');
  return problems;
}
