import type { ServerOptions } from '@rollcall/server';
import { readConfigFile } from './config-file.ts';
import type { Given, Problem } from './given.ts';
import {
  fileVariable,
  flagOf,
  nameOf,
  type ServeSettings,
  type Setting,
  type SettingKey,
  settingKeys,
  settingTable,
  variableOf,
  variablePrefix,
} from './server-settings.ts';

/** The sources of settings. */
export interface SettingPlaces {
  /** The options that the command line gave, by the keys of the table. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The path given with `--config`. */
  readonly file?: string | undefined;
}

/** The settings in effect, the source of each, and every problem. */
export interface EffectiveSettings {
  readonly values: ServeSettings;
  readonly sources: Readonly<Record<SettingKey, string>>;
  readonly problems: readonly Problem[];
}

/** Flags override variables, variables override the file, and the file overrides the defaults. */
export function readSettings({ flags, env, file = present(env[fileVariable]) }: SettingPlaces): EffectiveSettings {
  const fromFile = file === undefined ? undefined : readConfigFile(file);
  const problems: Problem[] = [...(fromFile?.problems ?? []), ...unknownIn(env, fromFile?.given ?? new Map())];
  const values: Record<string, unknown> = {};
  const sources: Record<string, string> = {};
  for (const key of settingKeys) {
    const setting = settingTable[key] as Setting<unknown>;
    values[key] = setting.byDefault;
    sources[key] = 'default';
    const inOrder = [fromFile?.given.get(nameOf(key)), ofEnvironment(env, key), ofFlags(flags, key)];
    for (const given of inOrder) {
      if (given === undefined) continue;
      const value = readOne(setting, given.value);
      if (value === undefined)
        problems.push({ name: nameOf(key), source: given.source, message: refusalOf(setting, given) });
      values[key] = value ?? values[key];
      sources[key] = given.source;
    }
  }
  return { values: values as unknown as ServeSettings, sources: sources as Record<SettingKey, string>, problems };
}

/** The options for the server. */
export function serverOptionsOf(values: ServeSettings): ServerOptions {
  const pairs = settingKeys.flatMap((key) => {
    const { option } = settingTable[key];
    return option === undefined ? [] : [[option, values[key]] as const];
  });
  return Object.fromEntries(pairs) as ServerOptions;
}

/** The setting that stands for an option of the server. */
export const settingOf = (option: string): SettingKey | undefined =>
  settingKeys.find((key) => settingTable[key].option === option);

const present = (value: string | undefined): string | undefined => (value === '' ? undefined : value);

function ofEnvironment(env: SettingPlaces['env'], key: SettingKey): Given | undefined {
  const source = variableOf(key);
  const value = present(env[source]);
  return value === undefined ? undefined : { value, source };
}

function ofFlags(flags: SettingPlaces['flags'], key: SettingKey): Given | undefined {
  const value = flags[key];
  if (value === undefined) return undefined;
  const isNegated = value === false && settingTable[key].negated !== undefined;
  return { value, source: isNegated ? `--no-${nameOf(key)}` : flagOf(key) };
}

function readOne({ kind, negated }: Setting<unknown>, given: unknown): unknown {
  return given === false && negated !== undefined ? negated.value : kind.read(given);
}

/** Kubernetes gives every pod variables for the Services around it: `<SERVICE>_PORT=tcp://...`, `<SERVICE>_SERVICE_HOST`. */
const isOfKubernetes = (variable: string, value: unknown): boolean =>
  variable.startsWith(variablePrefix) &&
  (/^tcp:\/\//.test(String(value)) || /_(?:SERVICE_(?:HOST|PORT)|TCP_(?:ADDR|PORT|PROTO))/.test(variable));

const kubernetesHint =
  '; Kubernetes sets it for a Service named rollcall-server: set enableServiceLinks: false in the pod';

function refusalOf({ kind }: Setting<unknown>, { value, source }: Given): string {
  const got = typeof value === 'object' && value !== null ? 'a list or a map' : JSON.stringify(value);
  const hint = isOfKubernetes(source, value) ? kubernetesHint : '';
  return `must be ${kind.allowed}, got ${got}${hint}`;
}

/** Names that look like a setting but are not one. A typing error must not silently mean the default. */
function unknownIn(env: SettingPlaces['env'], file: ReadonlyMap<string, Given>): readonly Problem[] {
  const variables = new Set([...settingKeys.map(variableOf), fileVariable]);
  const names = settingKeys.map(nameOf);
  const ofEnv = Object.keys(env)
    .filter((variable) => variable.startsWith(variablePrefix) && !variables.has(variable))
    .map((source) => {
      const hint = isOfKubernetes(source, env[source]) ? kubernetesHint : `; there are ${[...variables].join(', ')}`;
      return { source, message: `no setting has this variable${hint}` };
    });
  const ofFile = [...file]
    .filter(([name]) => !names.includes(name))
    .map(([name, { source }]) => ({
      name,
      source,
      message: `there is no such setting; there are ${names.join(', ')}`,
    }));
  return [...ofEnv, ...ofFile];
}
