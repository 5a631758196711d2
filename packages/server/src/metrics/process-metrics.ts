import { collectDefaultMetrics, Registry } from 'prom-client';

let processRegistry: Registry | undefined;

/**
 * CPU, memory, event loop lag and garbage collection of the process: one registry for all servers in it. Measuring
 * begins at the first scrape, so that a server that is never scraped pays nothing. It cannot be stopped afterwards.
 */
export function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}
