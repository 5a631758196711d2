import type { RegistryDriver } from '../adapter/driver.ts';
import { RegistryError } from '../errors.ts';

/** Translates any error of a driver into a `RegistryError` that names the registry. Never throws. */
export function toRegistryError(driver: RegistryDriver, cause: unknown): RegistryError {
  try {
    const error = RegistryError.is(cause) ? cause : driver.toError(cause);
    if (error.registry !== '') return error;
    return new RegistryError(error.code, error.message, { cause: error.cause ?? cause, registry: driver.name });
  } catch (second) {
    const message = `a defect of the ${driver.name} adapter: it could not translate an error: ${String(cause)}; please report it`;
    return new RegistryError('INTERNAL', message, { cause: second, registry: driver.name });
  }
}
