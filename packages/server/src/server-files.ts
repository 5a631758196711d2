import { type Logger, RegistryError } from '@rollcall/core';
import type { FastifyInstance } from 'fastify';
import { Tokens } from './access/tokens.ts';
import { AuditLog } from './audit/audit-log.ts';
import { Tls } from './http/tls.ts';
import type { ServerSettings } from './server-options.ts';

const tellLost = (logger: Logger) => (cause: unknown) =>
  logger.error(
    { err: cause },
    'lines of the audit log are lost, because the file cannot be written: make room on its disk or correct its permissions; the server goes on, and writes how many when it can',
  );

/** The files that the options name, besides the data folder. */
export class ServerFiles {
  readonly tokens: Tokens;
  readonly tls: Tls | undefined;
  readonly audit: AuditLog | undefined;

  /** @throws RegistryError `INVALID_ARGUMENT` for a file with a fault. */
  constructor({
    tokensFile,
    tlsCert: cert,
    tlsKey: key,
    tlsClientCa: clientCa,
    auditLog,
    clock,
    logger,
  }: ServerSettings) {
    this.tls = cert === undefined || key === undefined ? undefined : new Tls({ cert, key, clientCa }, clock);
    this.tokens = new Tokens(tokensFile);
    this.audit = auditLog === undefined ? undefined : new AuditLog(auditLog, clock, tellLost(logger));
  }

  /**
   * Reads all files again. `app`: the app that serves; absent before the start. Throws `INVALID_ARGUMENT`, which names
   * each file with a fault, after it has read the other files.
   */
  reload(app?: FastifyInstance): void {
    const steps = [() => this.tokens.reload(), () => this.tls?.reload(app), () => this.audit?.reopen()];
    const faults = steps.flatMap((step) => {
      try {
        step();
        return [];
      } catch (cause) {
        return [cause instanceof Error ? cause.message : String(cause)];
      }
    });
    if (faults.length > 0) throw new RegistryError('INVALID_ARGUMENT', faults.join('; '), { registry: 'server' });
  }
}
