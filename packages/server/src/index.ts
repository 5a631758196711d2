export { serverFileProblems } from './access/file-problems.ts';
export { type Grant, type Role, roles } from './access/grant.ts';
export { hashToken, newToken } from './access/token.ts';
export {
  parseTokensFile,
  type TokenEntry,
  type TokensFile,
  writeTokensFile,
} from './access/tokens-file.ts';
export { checkStart, type StartCheck } from './check-start.ts';
export { createServer } from './create-server.ts';
export type { DiscoveryServer, ServerAddress } from './discovery-server.ts';
export { restoreBackup } from './journal/restore-backup.ts';
export { isLoopback, type OptionProblem, type ServerOptions, serverOptionProblems } from './server-options.ts';
