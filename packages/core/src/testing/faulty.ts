import type { CloseOptions, Registry } from '../contract.ts';
import type { RegistryErrorCode } from '../errors.ts';
import { createRegistry } from '../guard/create-registry.ts';
import { FaultyDriver } from './faulty-driver.ts';

/** A registry whose backend fails on demand, for testing what a service or a consumer does then. */
export interface FaultyRegistry extends Registry {
  /** Every call fails with `code` (default `UNAVAILABLE`); watchers are told `interrupted`. */
  down(code?: RegistryErrorCode): void;
  /** The backend stops answering: calls end by deadline or signal, watchers hear nothing. */
  hang(): void;
  /** The backend answers, and claims that no node is registered. */
  answerEmpty(): void;
  /** Ends the fault: watchers hear the difference, then `synced`. */
  up(): void;
}

/** Wraps a registry. Closing the wrapper closes the wrapped registry. */
export function faulty(registry: Registry): FaultyRegistry {
  const driver = new FaultyDriver(registry);
  const guarded = createRegistry(driver);
  const close = guarded.close.bind(guarded);
  return Object.assign(guarded, {
    close(options?: CloseOptions): Promise<void> {
      driver.withdraws = options?.withdraw !== false;
      return close(options);
    },
    down: (code: RegistryErrorCode = 'UNAVAILABLE') => driver.setFault({ kind: 'down', code }),
    hang: () => driver.setFault({ kind: 'hang' }),
    answerEmpty: () => driver.setFault({ kind: 'empty' }),
    up: () => driver.setFault({ kind: 'none' }),
  });
}
