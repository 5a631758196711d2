/** Reads an HTTP response, so that a balancer's page is not taken for an answer of the server. */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '@rollcall/core';
import { untilAborted } from '@rollcall/core/adapter';
import { maxAnswerBytes, maxRetryAfterMs } from '../discovery-options.ts';
import { HttpError } from './http-error.ts';

/** A status with the JSON of the answer. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
  /** `Retry-After`, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** Statuses that mean the same from any HTTP server: credentials, size, rate. All others need our JSON. */
export const meantByAll: ReadonlySet<number> = new Set([401, 403, 413, 429]);
/** The answers of nginx and Go to plain HTTP on their TLS port. */
const plainOnTls = /plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server/i;

/** The JSON of a response; rejects with {@link HttpError} where there is none, and with the abort reason. */
export async function readAnswer(response: IncomingMessage, clock: Clock, signal: AbortSignal): Promise<HttpAnswer> {
  const status = response.statusCode ?? 0;
  const retryAfterMs = retryAfter(response, clock);
  const text = await untilAborted(signal, readText(response));
  try {
    return { status, body: JSON.parse(text), retryAfterMs };
  } catch {
    throw notJson(status, text, retryAfterMs);
  }
}

function notJson(status: number, text: string, retryAfterMs: number | undefined): HttpError {
  if (meantByAll.has(status))
    return new HttpError(
      `answered ${status} without JSON: it may be a proxy in front of the server`,
      status,
      retryAfterMs,
    );
  if (plainOnTls.test(text)) return new HttpError('speaks TLS on this port: write https:// before its address');
  return new HttpError(
    `answered ${status} without JSON: is it a Rollcall discovery server?`,
    status >= 500 ? status : undefined,
    retryAfterMs,
  );
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes)
      throw new HttpError(`answered more than ${maxAnswerBytes} bytes: is it a Rollcall discovery server?`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). */
function retryAfter({ headers }: IncomingMessage, clock: Clock): number | undefined {
  const text = headers['retry-after']?.trim();
  if (text === undefined || text === '') return undefined;
  // biome-ignore lint/style/noRestrictedGlobals: it parses a date and reads no clock.
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - clock.wallNow();
  return ms > 0 ? Math.min(ms, maxRetryAfterMs) : undefined;
}
