import { Option } from 'commander';
import {
  flagOf,
  nameOf,
  type Setting,
  type SettingKey,
  settingKeys,
  settingTable,
  writeSetting,
} from './server-settings.ts';

/** The help text of a setting. */
export function helpOf(key: SettingKey): string {
  const { help, byDefault } = settingTable[key] as Setting<unknown>;
  const written = byDefault === undefined || byDefault === false ? undefined : writeSetting(key, byDefault);
  return written === undefined ? help : `${help} (default: ${written})`;
}

/** Adds the flags to the command line. Their values are read later, together with variables and file. */
export function settingFlags(): readonly Option[] {
  return settingKeys.flatMap((key) => {
    const { argument, negated } = settingTable[key];
    const flag = new Option(argument === undefined ? flagOf(key) : `${flagOf(key)} ${argument}`, helpOf(key));
    return negated === undefined ? [flag] : [flag, new Option(`--no-${nameOf(key)}`, negated.help)];
  });
}
