/** An error that carries the HTTP status of its answer. */
export interface Refusal extends Error {
  readonly statusCode: number;
}

/** Refuses a request. */
export function refusal(statusCode: number, message: string): Refusal {
  return Object.assign(new Error(message), { statusCode });
}

/** What the client is told of an error. */
export function answered(status: number, { message }: Error): string {
  // The client learns nothing of a defect.
  if (status === 500) return 'the server failed: its log says why';
  return status === 415 ? 'the body must be JSON: send it with content-type: application/json' : message;
}

/** The client may still be sending, so the connection must not be used again. */
export const endsConnection = (status: number): boolean => status === 408 || status === 413 || status === 503;
