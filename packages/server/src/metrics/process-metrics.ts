import { collectDefaultMetrics, Registry } from 'prom-client';

let processRegistry: Registry | undefined;

/**
 * CPU, memory, event loop lag and garbage collection of the process: one registry for all servers in it. Measuring begins
 * when it is first asked for, so that a server that nothing scrapes pays nothing, and cannot be ended.
 */
export function processMetrics(): Registry {
  if (processRegistry === undefined) {
    processRegistry = new Registry();
    collectDefaultMetrics({ register: processRegistry });
  }
  return processRegistry;
}
