import { RegistryError } from '@rollcall/core';
import { parseTime } from '@rollcall/core/adapter';
import type { ProgramPlace } from './find-adapter.ts';

/**
 * The registry settings in flags and environment. Code overrides flags, flags override the environment, and the
 * environment overrides the defaults.
 */
export interface Settings {
  /** `--registry`: name, package or path of the adapter. */
  readonly registry?: string | undefined;
  /** `--registry-address`: addresses, separated by commas. */
  readonly registryAddress?: string | undefined;
  /** `--registry-token-file`: the path of a file. */
  readonly registryTokenFile?: string | undefined;
  /** `--registry-ca`: the path of the authority's certificate. */
  readonly registryCa?: string | undefined;
  /** `--registry-cert`: the path of the client's certificate. */
  readonly registryCert?: string | undefined;
  /** `--registry-key`: the path of the certificate's key. */
  readonly registryKey?: string | undefined;
  /** `--registry-namespace`. */
  readonly registryNamespace?: string | undefined;
  /** `--register-ttl`: a time such as `30s`. */
  readonly registerTtl?: string | undefined;
  /** `--register-interval`: a time such as `10s`. */
  readonly registerInterval?: string | undefined;
  /** `--advertise`: host, or host and port. */
  readonly advertise?: string | undefined;
}

/** A setting and its source, for messages. */
export interface Sourced {
  /** The text as given. */
  readonly value: string;
  /** The flag or variable. */
  readonly source: string;
}

/** Where settings are read from. */
export interface SettingSources {
  /** In the form of `process.argv`; arguments after `--` are not read. */
  readonly argv: readonly string[];
  /** In the form of `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Flags and variables of this process: the source when the program passes none in. */
export const programSettings = (): SettingSources => ({ argv: process.argv, env: process.env });

/** The places from which this process resolves packages and paths. */
export const programPlace = (): ProgramPlace => ({ entry: process.argv[1], cwd: process.cwd() });

/** Flag, variables (later ones are go-micro's) and help of each setting. */
export const settingTable: Readonly<
  Record<
    keyof Settings,
    { readonly flag: string; readonly env: readonly string[]; readonly argument: string; readonly help: string }
  >
> = {
  registry: {
    flag: '--registry',
    env: ['ROLLCALL_REGISTRY', 'MICRO_REGISTRY'],
    argument: '<name>',
    help: 'memory, mdns, consul, etcd, discovery, or the package or path of an adapter',
  },
  registryAddress: {
    flag: '--registry-address',
    env: ['ROLLCALL_REGISTRY_ADDRESS', 'MICRO_REGISTRY_ADDRESS'],
    argument: '<list>',
    help: 'host:port or URL of the registry, several separated by commas',
  },
  registryTokenFile: {
    flag: '--registry-token-file',
    env: ['ROLLCALL_REGISTRY_TOKEN_FILE'],
    argument: '<path>',
    help: 'file with the token of the registry',
  },
  registryCa: {
    flag: '--registry-ca',
    env: ['ROLLCALL_REGISTRY_CA'],
    argument: '<path>',
    help: "PEM file with the authorities to trust for the registry's certificate",
  },
  registryCert: {
    flag: '--registry-cert',
    env: ['ROLLCALL_REGISTRY_CERT'],
    argument: '<path>',
    help: 'PEM file with the client certificate for the registry',
  },
  registryKey: {
    flag: '--registry-key',
    env: ['ROLLCALL_REGISTRY_KEY'],
    argument: '<path>',
    help: 'PEM file with the key of --registry-cert',
  },
  registryNamespace: {
    flag: '--registry-namespace',
    env: ['ROLLCALL_REGISTRY_NAMESPACE'],
    argument: '<name>',
    help: 'a namespace: a separate roll on the same backend',
  },
  registerTtl: {
    flag: '--register-ttl',
    env: ['ROLLCALL_REGISTER_TTL', 'MICRO_REGISTER_TTL'],
    argument: '<time>',
    help: 'how long the node stays without a renewal (30s)',
  },
  registerInterval: {
    flag: '--register-interval',
    env: ['ROLLCALL_REGISTER_INTERVAL', 'MICRO_REGISTER_INTERVAL'],
    argument: '<time>',
    help: 'how often the node is renewed (10s)',
  },
  advertise: {
    flag: '--advertise',
    env: ['ROLLCALL_ADVERTISE'],
    argument: '<address>',
    help: 'host or host:port that other programs should use',
  },
};

/** The token itself, for platforms that hand secrets over as variables. It has no flag, which would show in `ps`. */
export const tokenVariable = 'ROLLCALL_REGISTRY_TOKEN';

/** The error `INVALID_ARGUMENT` for what a user typed. It has no stack, since no line of the program is wrong. */
function mistyped(message: string): RegistryError {
  const error = new RegistryError('INVALID_ARGUMENT', message);
  error.stack = `RegistryError: ${message}`;
  return error;
}

function fromArgv(argv: readonly string[], key: keyof Settings): Sourced | undefined {
  const { flag, argument } = settingTable[key];
  // Arguments after -- belong to another program.
  const end = argv.indexOf('--');
  for (let index = (end === -1 ? argv.length : end) - 1; index >= 0; index -= 1) {
    const [name = '', ...rest] = (argv[index] ?? '').split('=');
    // go-micro spells the flag --registry_address.
    if (name.replaceAll('_', '-') !== flag) continue;
    const value = rest.length > 0 ? rest.join('=') : argv[index + 1];
    if (value === undefined || value === '' || (rest.length === 0 && value.startsWith('--'))) {
      throw mistyped(`${flag} needs a value: ${flag} ${argument}`);
    }
    return { value, source: flag };
  }
  return undefined;
}

/** A setting by flag, or by the first variable that is set and not empty. */
export function readSetting(name: keyof Settings, { argv, env }: SettingSources): Sourced | undefined {
  const { env: variables } = settingTable[name];
  const given = fromArgv(argv, name);
  if (given !== undefined) return given;
  for (const variable of variables) {
    const value = env[variable];
    if (value !== undefined && value !== '') return { value, source: variable };
  }
  return undefined;
}

/** A warning for each flag or variable that code overrules. */
export function overruled(
  options: {
    readonly ttlMs?: unknown;
    readonly renewIntervalMs?: unknown;
    readonly advertise?: unknown;
  },
  sources: SettingSources,
): readonly string[] {
  const decided = [
    ['ttlMs', 'registerTtl'],
    ['renewIntervalMs', 'registerInterval'],
    ['advertise', 'advertise'],
  ] as const;
  return decided.flatMap(([option, name]) => {
    const given = options[option] === undefined ? undefined : readSetting(name, sources);
    return given === undefined ? [] : [`${given.source}=${given.value} is ignored: the program chooses ${option}`];
  });
}

/** `500ms`, `30s`, `2m`, or seconds as in go-micro, in milliseconds; throws `INVALID_ARGUMENT`. */
export function readDuration(setting: Sourced | undefined): number | undefined {
  if (setting === undefined) return undefined;
  const ms = parseTime(setting.value, 's');
  if (ms !== undefined) return ms;
  throw mistyped(`${setting.source} must be a time such as 30s or 500ms, got ${JSON.stringify(setting.value)}`);
}

/** The part of a commander `Command` that is used here, so that this package does not depend on commander. */
export interface OptionTarget {
  /** Adds an option to the command. */
  option(flags: string, description?: string): unknown;
}

/** Adds the flags that `loadRegistry` and `createService` read to a command's help. */
export function addRegistryOptions<C extends OptionTarget>(command: C): C {
  for (const { flag, argument, help } of Object.values(settingTable)) command.option(`${flag} ${argument}`, help);
  return command;
}
