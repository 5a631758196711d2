/**
 * The closed set of error codes.
 *
 * - `INVALID_ARGUMENT`: the call is wrong; the message names the field. Nothing was sent.
 * - `UNAVAILABLE`: the backend cannot be reached or cannot serve. Retryable.
 * - `TIMEOUT`: the deadline passed; the outcome of a write is unknown. Retryable.
 * - `ABORTED`: the caller's signal ended it; the outcome of a write is unknown.
 * - `CLOSED`: the registry was closed.
 * - `UNAUTHORIZED`: the backend refused the credentials, or their rights do not reach.
 * - `CONFLICT`: another holder has this node id.
 * - `RESOURCE_EXHAUSTED`: a size or count limit of the backend. Nothing was written.
 * - `NOT_SUPPORTED`: this backend cannot do it; the message says which program or backend can.
 * - `INTERNAL`: a defect of Rollcall or of the backend.
 */
export type RegistryErrorCode =
  | 'INVALID_ARGUMENT'
  | 'UNAVAILABLE'
  | 'TIMEOUT'
  | 'ABORTED'
  | 'CLOSED'
  | 'UNAUTHORIZED'
  | 'CONFLICT'
  | 'RESOURCE_EXHAUSTED'
  | 'NOT_SUPPORTED'
  | 'INTERNAL';

// Symbol.for: the same symbol in every copy of this package that a process has loaded.
const brand = Symbol.for('rollcall.RegistryError');
const retryableCodes: ReadonlySet<RegistryErrorCode> = new Set(['UNAVAILABLE', 'TIMEOUT']);

/** The one error class. Recognise it by {@link RegistryError.is}: `instanceof` fails across duplicate installs. */
export class RegistryError<C extends RegistryErrorCode = RegistryErrorCode> extends Error {
  override readonly name = 'RegistryError';
  /** What programs decide by; the list is closed. */
  readonly code: C;
  /** Name of the registry that failed, `''` when none was involved. */
  readonly registry: string;

  constructor(code: C, message: string, options: { readonly cause?: unknown; readonly registry?: string } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.registry = options.registry ?? '';
    Object.defineProperty(this, brand, { value: true });
  }

  /** Whether the same call may succeed later without a change by the caller. */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }

  /** Recognises a `RegistryError` by its brand, also across duplicate installs, and narrows the type. */
  static is<C extends RegistryErrorCode = RegistryErrorCode>(error: unknown, ...codes: C[]): error is RegistryError<C> {
    if (typeof error !== 'object' || error === null || !(brand in error)) return false;
    return codes.length === 0 || ('code' in error && (codes as readonly unknown[]).includes(error.code));
  }
}
