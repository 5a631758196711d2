export { createServer, type DiscoveryServer } from './create-server.ts';
export { type OptionProblem, type ServerOptions, serverOptionProblems } from './server-options.ts';
