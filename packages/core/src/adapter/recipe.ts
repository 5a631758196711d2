import type { RegistryOptions, RegistryRecipe } from '../contract.ts';

/**
 * The recipe of a registry that an adapter's factory makes. `factory` is the URL of the factory's module; the adapter's
 * index is beside it. Undefined where another thread could not make the same registry: an injected clock, or a function
 * among the options.
 */
export function recipeOf(factory: string, options: RegistryOptions): RegistryRecipe | undefined {
  const { logger: _, clock, ...rest } = options as RegistryOptions & { readonly env?: object | undefined };
  if (clock !== undefined) return undefined;
  const given = Object.entries(rest).filter(([, value]) => value !== undefined);
  if (given.some(([, value]) => typeof value === 'function')) return undefined;
  const extension = factory.endsWith('.ts') ? 'ts' : 'js';
  return { module: new URL(`./index.${extension}`, factory).href, options: cloneable(Object.fromEntries(given)) };
}

/** `process.env` is not a plain object, so it cannot be cloned as it is. */
const cloneable = (options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  typeof options.env === 'object' ? { ...options, env: { ...options.env } } : options;
