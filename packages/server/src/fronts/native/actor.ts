import type { FastifyRequest } from 'fastify';
import type { Actor } from '../../roll/evidence.ts';

/** The sender of a request, for the evidence of what it changes. */
export const actorOf = ({ ip }: FastifyRequest): Actor => ({ address: ip });
