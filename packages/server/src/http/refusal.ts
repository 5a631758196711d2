/** An error that carries the HTTP status of its answer. */
export interface Refusal extends Error {
  readonly statusCode: number;
}

/** Refuses a request. */
export function refusal(statusCode: number, message: string): Refusal {
  return Object.assign(new Error(message), { statusCode });
}

/** The client may still be sending, so the connection must not be used again. */
export const endsConnection = (status: number): boolean => status === 408 || status === 413 || status === 503;
