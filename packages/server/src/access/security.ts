import type { Socket } from 'node:net';
import { type Logger, RegistryError } from '@rollcall/core';
import type { FastifyInstance } from 'fastify';
import { AuditLog } from '../audit/audit-log.ts';
import { auditRequests } from '../audit/audit-requests.ts';
import { limitConnections } from '../http/connection-limits.ts';
import type { Tls } from '../http/tls.ts';
import type { Roll } from '../roll/roll.ts';
import type { ServerSettings } from '../server-options.ts';
import { AccessGuard, type GuardedRoute } from './access-guard.ts';
import type { Caller } from './caller.ts';
import { guardHost } from './host-guard.ts';
import { InstanceQuota } from './instance-quota.ts';
import { LeaseSecrets } from './lease-secrets.ts';
import { guardOrigin } from './origin-guard.ts';
import { Tokens } from './tokens.ts';

const tellLost = (logger: Logger) => (cause: unknown) =>
  logger.error(
    { err: cause },
    'lines of the audit log are lost, because the file cannot be written: make room on its disk or correct its permissions; the server goes on, and writes how many when it can',
  );

/** What the security of a server is made of. */
export interface SecurityContext {
  readonly app: FastifyInstance;
  readonly settings: ServerSettings;
  readonly tls: Tls | undefined;
  readonly roll: Roll;
}

/** Decides which requests are served, how many, and which are written to the audit log. Create it before any route. */
export class Security {
  /** The secrets of leases, where the server uses them. */
  readonly secrets: LeaseSecrets | undefined;
  readonly quota: InstanceQuota;
  readonly #context: SecurityContext;
  readonly #tokens: Tokens;
  readonly #guard: AccessGuard;
  readonly #audit: AuditLog | undefined;

  /** @throws RegistryError `INVALID_ARGUMENT` for a file with a fault. */
  constructor(context: SecurityContext) {
    const { app, settings, roll } = context;
    const { auditLog, clock, logger } = settings;
    this.#context = context;
    this.#tokens = new Tokens(settings.tokensFile);
    this.#audit = auditLog === undefined ? undefined : new AuditLog(auditLog, clock, tellLost(logger));
    this.secrets = settings.leaseSecrets ? new LeaseSecrets() : undefined;
    this.quota = new InstanceQuota(settings.maxInstancesPerToken);
    roll.follow(this.quota);
    limitConnections(app, settings);
    guardHost(app, settings);
    guardOrigin(app);
    // The audit log comes before the guard, which may end a request, so that it has refusals too.
    if (this.#audit !== undefined) auditRequests(app, this.#audit, roll);
    this.#guard = new AccessGuard(app, this.#tokens);
  }

  /** Every route, and the callers that it is for. */
  get routes(): readonly GuardedRoute[] {
    return this.#guard.routes;
  }

  /** @throws RegistryError `INTERNAL`: a route does not say which callers it is for. */
  checkRoutes(): void {
    this.#guard.check();
  }

  /**
   * Reads the files of tokens and certificates again. Throws `INVALID_ARGUMENT` that says what is wrong with which
   * file; the other files have been read all the same.
   */
  reload(): void {
    const { app, tls } = this.#context;
    const steps = [() => this.#tokens.reload(), () => tls?.reload(app), () => this.#audit?.reopen()];
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

  /** Whether a client still has the rights that it had at the start of its request. */
  isCurrent(caller: Caller, socket: Socket): boolean {
    return caller.isCurrent && (this.#context.tls?.isCurrent(socket) ?? true);
  }

  async close(): Promise<void> {
    await this.#audit?.close();
  }
}
