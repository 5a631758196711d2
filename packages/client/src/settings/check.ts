/** Checks of options. Each throws `INVALID_ARGUMENT` with the option's name, what it must be, and what it is. */
import { RegistryError } from '@rollcall/core';

/** The error for an option. */
export function invalid(field: string, rule: string, got: unknown): RegistryError<'INVALID_ARGUMENT'> {
  const shown = typeof got === 'object' && got !== null ? 'an object' : (JSON.stringify(got) ?? String(got));
  return new RegistryError('INVALID_ARGUMENT', `${field} must be ${rule}, got ${shown.slice(0, 80)}`);
}

/** A number within bounds, or the default. */
export function numberIn(value: unknown, field: string, bounds: readonly [number, number], fallback: number): number {
  if (value === undefined) return fallback;
  const [min, max] = bounds;
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw invalid(field, `a number in ${min}..${max}`, value);
}

/** A whole number within bounds, or the default. */
export function integerIn(value: unknown, field: string, bounds: readonly [number, number], fallback: number): number {
  const number = numberIn(value, field, bounds, fallback);
  if (Number.isInteger(number)) return number;
  throw invalid(field, 'a whole number', value);
}

/** An object, or undefined. */
export function objectAt(value: unknown, field: string): Record<string, unknown> | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid(field, 'an object', value);
}

/** A value of one type, or undefined. */
export function typed<T>(value: T | undefined, field: string, type: 'string' | 'boolean' | 'function'): T | undefined {
  if (value === undefined || typeof value === type) return value;
  throw invalid(field, `a ${type}`, value);
}
