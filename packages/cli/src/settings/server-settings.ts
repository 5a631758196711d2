import type { ServerOptions } from '@rollcall/server';
import type { LogFormat, LogLevel } from '../logging/create-logger.ts';
import { choice, type Kind, names, text, time, wholeNumber, yesOrNo } from './kinds.ts';

/** The settings of `rollcall serve`. */
export interface ServeSettings {
  readonly host: string;
  readonly port: number;
  readonly insecure: boolean;
  readonly tokensFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly allowHost?: readonly string[];
  readonly protection: 'on' | 'off';
  readonly warmUp: number;
  readonly dataDir?: string;
  readonly leaseSecrets: boolean;
  readonly auditLog?: string;
  readonly maxConnections?: number;
  readonly maxConnectionsPerAddress?: number;
  readonly maxWatches?: number;
  readonly maxInstancesPerToken?: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly logRequests: 'problems' | 'all';
  readonly slowRequest: number;
}

/** The options of the server with values of type `T`. */
type OptionOf<T> = { [K in keyof ServerOptions]-?: T extends ServerOptions[K] ? K : never }[keyof ServerOptions];

/** One setting. Its flag, its variable, its key in the file, its line of help and its row in the docs are made from this. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  /** The placeholder of the value in help; absent: the flag takes no value. */
  readonly argument?: string;
  readonly help: string;
  /** Absent: not set. */
  readonly byDefault?: T;
  /** The option of the server that it sets. */
  readonly option?: OptionOf<T>;
  /** A shorter flag, `--no-<name>`, for one value. */
  readonly negated?: { readonly value: T; readonly help: string };
}

/** All settings, in the order of help and docs. */
export const settingTable: { readonly [K in keyof ServeSettings]-?: Setting<NonNullable<ServeSettings[K]>> } = {
  host: {
    kind: text('an address or a name of this machine'),
    argument: '<address>',
    help: 'address to bind',
    byDefault: '127.0.0.1',
    option: 'host',
  },
  port: {
    kind: wholeNumber(0, 65_535, 'a port, 0-65535'),
    argument: '<port>',
    help: 'port to bind; 0 takes any free port',
    byDefault: 7171,
    option: 'port',
  },
  insecure: {
    kind: yesOrNo,
    help: 'serve without tokens at an address that other machines can reach: every client there may change the roll',
    byDefault: false,
    option: 'insecure',
  },
  tokensFile: {
    kind: text('the path of a file'),
    argument: '<path>',
    help: 'file with the tokens that clients need (`rollcall token create` makes it); read again at SIGHUP',
    option: 'tokensFile',
  },
  tlsCert: {
    kind: text('the path of a file'),
    argument: '<path>',
    help: "PEM file with the server's certificate and the intermediate ones; read again at SIGHUP",
    option: 'tlsCert',
  },
  tlsKey: {
    kind: text('the path of a file'),
    argument: '<path>',
    help: 'PEM file with the key of --tls-cert; read again at SIGHUP',
    option: 'tlsKey',
  },
  tlsClientCa: {
    kind: text('the path of a file'),
    argument: '<path>',
    help: 'PEM file with the authorities of client certificates; clients without one are refused; read again at SIGHUP',
    option: 'tlsClientCa',
  },
  allowHost: {
    kind: names,
    argument: '<names>',
    help: 'further names by which clients of other machines may call this server, separated by commas',
    option: 'allowedHosts',
  },
  protection: {
    kind: choice('on', 'off'),
    argument: '<mode>',
    help: 'self-protection: evict no instance while too many are missing at once',
    byDefault: 'on',
    option: 'protection',
  },
  warmUp: {
    kind: time,
    argument: '<time>',
    help: 'how long after an empty start missing services may still re-register',
    byDefault: 90_000,
    option: 'warmUpMs',
    negated: { value: 0, help: 'report missing services at once' },
  },
  dataDir: {
    kind: text('the path of a folder'),
    argument: '<folder>',
    help: 'folder in which the roll is kept over a restart; without it a restart loses the roll',
    option: 'dataDir',
  },
  leaseSecrets: {
    kind: yesOrNo,
    help: 'renewals and cancels need a secret that only the registering client gets',
    byDefault: false,
    option: 'leaseSecrets',
  },
  auditLog: {
    kind: text('the path of a file'),
    argument: '<path>',
    help: 'file that gets a line of JSON per write, except renewals; opened again at SIGHUP',
    option: 'auditLog',
  },
  maxConnections: {
    kind: wholeNumber(1, 1_000_000),
    argument: '<number>',
    help: 'how many connections may be open at a time (default: 20000)',
    option: 'maxConnections',
  },
  maxConnectionsPerAddress: {
    kind: wholeNumber(0, 1_000_000),
    argument: '<number>',
    help: 'how many connections one address may have open at a time; 0: no limit (default: 1000, on loopback 0)',
    option: 'maxConnectionsPerAddress',
  },
  maxWatches: {
    kind: wholeNumber(0, 1_000_000),
    argument: '<number>',
    help: 'how many watches may be open at a time (default: 10000)',
    option: 'maxWatches',
  },
  maxInstancesPerToken: {
    kind: wholeNumber(0, 100_000_000),
    argument: '<number>',
    help: 'instances that a token may have on the roll (default: 20000)',
    option: 'maxInstancesPerToken',
  },
  logLevel: {
    kind: choice('debug', 'info', 'warn', 'error', 'silent'),
    argument: '<level>',
    help: 'lowest level of the lines on stderr',
    byDefault: 'info',
  },
  logFormat: {
    kind: choice('auto', 'json', 'pretty'),
    argument: '<format>',
    help: 'json, pretty, or auto: pretty on a terminal, else json',
    byDefault: 'auto',
  },
  logRequests: {
    kind: choice('problems', 'all'),
    argument: '<which>',
    help: 'which requests are logged: all, or problems (slow ones, and those that fail by a defect of the server)',
    byDefault: 'problems',
    option: 'logRequests',
  },
  slowRequest: {
    kind: time,
    argument: '<time>',
    help: 'a request that takes longer is logged as slow',
    byDefault: 1_000,
    option: 'slowRequestMs',
  },
};

/** The name of a setting. */
export type SettingKey = keyof ServeSettings;

/** The names of all settings, in the order of the table. */
export const settingKeys: readonly SettingKey[] = Object.keys(settingTable) as SettingKey[];

/** The name in the file: `warm-up` for `warmUp`. */
export const nameOf = (key: SettingKey): string => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** The flag: `--warm-up`. */
export const flagOf = (key: SettingKey): string => `--${nameOf(key)}`;

/** The prefix of the server's environment variables. */
export const variablePrefix = 'ROLLCALL_SERVER_';

/** The environment variable: `ROLLCALL_SERVER_WARM_UP`. */
export const variableOf = (key: SettingKey): string =>
  `${variablePrefix}${nameOf(key).toUpperCase().replaceAll('-', '_')}`;

/** The variable that names the file, like `--config`. */
export const fileVariable: string = `${variablePrefix}CONFIG`;

/** The value as a user types it; undefined: not set. */
export function writeSetting(key: SettingKey, value: unknown): string | undefined {
  const { kind } = settingTable[key] as Setting<unknown>;
  return value === undefined ? undefined : kind.write(value);
}
