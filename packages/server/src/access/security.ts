import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { auditRequests } from '../audit/audit-requests.ts';
import { limitConnections } from '../http/connection-limits.ts';
import type { Roll } from '../roll/roll.ts';
import type { ServerFiles } from '../server-files.ts';
import type { ServerSettings } from '../server-options.ts';
import { AccessGuard, type GuardedRoute } from './access-guard.ts';
import type { Caller } from './caller.ts';
import { guardHost } from './host-guard.ts';
import { InstanceQuota } from './instance-quota.ts';
import { LeaseSecrets } from './lease-secrets.ts';
import { guardOrigin } from './origin-guard.ts';

/** What the security of a server is made of. */
export interface SecurityContext {
  readonly app: FastifyInstance;
  readonly settings: ServerSettings;
  readonly files: ServerFiles;
  readonly roll: Roll;
}

/** Decides which requests are served, how many, and which are written to the audit log. Create it before any route. */
export class Security {
  /** The secrets of leases, where the server uses them. */
  readonly secrets: LeaseSecrets | undefined;
  readonly quota: InstanceQuota;
  readonly #context: SecurityContext;
  readonly #guard: AccessGuard;

  constructor(context: SecurityContext) {
    const { app, settings, files, roll } = context;
    this.#context = context;
    this.secrets = settings.leaseSecrets ? new LeaseSecrets() : undefined;
    this.quota = new InstanceQuota(settings.maxInstancesPerToken);
    roll.follow(this.quota);
    limitConnections(app, settings);
    guardHost(app, settings);
    guardOrigin(app);
    // The audit log comes before the guard, which may end a request, so that it has refusals too.
    if (files.audit !== undefined) auditRequests(app, files.audit, roll);
    this.#guard = new AccessGuard(app, files.tokens);
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
    const { app, files } = this.#context;
    files.reload(app);
  }

  /** Whether a client still has the rights that it had at the start of its request. */
  isCurrent(caller: Caller, socket: Socket): boolean {
    return caller.isCurrent && (this.#context.files.tls?.isCurrent(socket) ?? true);
  }

  async close(): Promise<void> {
    await this.#context.files.audit?.close();
  }
}
