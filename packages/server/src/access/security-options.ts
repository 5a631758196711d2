/** Options that decide which clients are served, and how many. */
export interface SecurityOptions {
  /**
   * Allows listening beyond this machine without tokens, although every client that reaches the port may then change
   * the roll. Default false.
   */
  readonly insecure?: boolean | undefined;
  /** The file with the tokens that clients need. Without it every client that reaches the server may do everything. */
  readonly tokensFile?: string | undefined;
  /** PEM file with the server's certificate, followed by the intermediate certificates. Needs `tlsKey`. */
  readonly tlsCert?: string | undefined;
  /** PEM file with the key of the certificate, without a passphrase. */
  readonly tlsKey?: string | undefined;
  /**
   * PEM file with the authorities of client certificates. With this file, the server refuses clients without a
   * certificate of one of these authorities.
   */
  readonly tlsClientCa?: string | undefined;
  /**
   * Gives each lease a secret beside its handle, which every renewal and cancel must carry. Default false: handles can
   * be guessed, so every client that may write a service may renew and cancel instances that another client registered
   * under its name.
   */
  readonly leaseSecrets?: boolean | undefined;
  /** File to which the server appends a line of JSON for every write except renewals. */
  readonly auditLog?: string | undefined;
  /**
   * Open connections; the server closes the next one at once. Default 20,000, about 10 KB of memory each. Sensible
   * values are 1,000 to 100,000; higher needs memory and file descriptors, lower refuses clients of a large fleet.
   */
  readonly maxConnections?: number | undefined;
  /**
   * Connections of one address; 0: no limit per address. Default 1,000, and 0 for addresses of this machine. Sensible
   * values are 100 to 10,000; higher where many programs share an address behind a balancer or NAT, lower bounds what
   * one faulty host can take.
   */
  readonly maxConnectionsPerAddress?: number | undefined;
  /**
   * Open watches; the server refuses the next one with 503 and `Retry-After`. Default 10,000. Sensible values are 1,000
   * to 100,000; higher needs memory for each watch, lower refuses watchers of a large fleet.
   */
  readonly maxWatches?: number | undefined;
  /**
   * Instances that one token may have on the roll, if its entry has no limit of its own. Default 20,000. Sensible
   * values are twice what the largest owner registers, and more; lower refuses a surge deploy, higher lets one faulty
   * program fill the roll.
   */
  readonly maxInstancesPerToken?: number | undefined;
}

/** Options that have no default: their absence is a setting of its own. */
type Unset = 'tokensFile' | 'tlsCert' | 'tlsKey' | 'tlsClientCa' | 'auditLog';

/** The options with their defaults. */
export type SecuritySettings = Readonly<
  Required<{ [K in Exclude<keyof SecurityOptions, Unset>]: NonNullable<SecurityOptions[K]> }> &
    Pick<SecurityOptions, Unset>
> & {
  /** Like `maxConnectionsPerAddress`, for addresses of this machine: no limit unless one was set. */
  readonly maxConnectionsFromLoopback: number;
};

/** Open connections. */
const defaultMaxConnections = 20_000;
/** Connections of one address: three for each of 300 services on one machine, and some room. */
const defaultMaxPerAddress = 1_000;
/** Open watches. */
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

/** Every problem of the options. */
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
