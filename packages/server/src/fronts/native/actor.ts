import type { FastifyRequest } from 'fastify';
import { anonymous } from '../../access/caller.ts';
import type { Actor } from '../../roll/evidence.ts';

/** The sender of a request, for the evidence of its changes. */
export function actorOf({ ip, caller }: FastifyRequest): Actor {
  return caller === undefined || caller === anonymous ? { address: ip } : { address: ip, token: caller.name };
}
