export { createServer, type DiscoveryServer } from './create-server.ts';
export type { ServerOptions } from './server-options.ts';
