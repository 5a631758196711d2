import { parseTime } from '@rollcall/core/adapter';
import { InvalidArgumentError, Option } from 'commander';
import { momentOf } from './times.ts';

/** `500ms`, `5s`, `2m`, `1h` as milliseconds. */
export function duration(text: string): number {
  const ms = parseTime(text);
  if (ms === undefined) throw new InvalidArgumentError('It must be a time such as 500ms, 5s or 2m.');
  return ms;
}

/** A past time in the form that the server takes. */
export function moment(text: string): string {
  if (text.trim() === '')
    throw new InvalidArgumentError('It must be a time: 10m (ago), 14:02, or an ISO time such as 2026-01-31T14:02:00Z.');
  return momentOf(text);
}

/** Parses a port, 0-65535. */
export function port(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number > 65_535) throw new InvalidArgumentError('It must be a port, 0-65535.');
  return number;
}

/** Parses a repeatable `key=value`. */
export function pair(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('It must be key=value.');
  return Object.fromEntries([...Object.entries(before), [text.slice(0, at), text.slice(at + 1)]]);
}

/** An option that takes a time; help shows its default in the same form. */
export function timeOption(flags: string, description: string, byDefault: string): Option {
  return new Option(flags, description).argParser(duration).default(duration(byDefault), byDefault);
}

/** Refuses `--version` where a command has `--service-version`; otherwise it would print the version of Rollcall. */
export function versionOption(): Option {
  return new Option('--version <version>').hideHelp().argParser(() => {
    throw new InvalidArgumentError('The version of a service is --service-version.');
  });
}
