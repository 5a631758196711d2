import type { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { operatesServer } from '../../access/route-access.ts';
import { refusal } from '../../http/refusal.ts';

/** Writes the present roll to one file; undefined: the server keeps no roll on disk. */
export type Backup = (() => Promise<Readable>) | undefined;

/** `GET /backup`: the file as it is, for an operator. It holds the handles of every lease. */
export function backupRoute(app: FastifyInstance, backup: Backup): void {
  app.get(
    '/backup',
    { exposeHeadRoute: false, config: { access: operatesServer('backup') } },
    async (_request, reply) => {
      if (backup === undefined)
        throw refusal(501, 'this server keeps no roll that could be backed up: start it with --data-dir');
      const file = await backup();
      return reply.type('application/vnd.sqlite3').send(file);
    },
  );
}
