import { answers, type JsonSchema } from '@rollcall/protocol';

/** The parts of a route's description that its schemas do not have. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  /** The content type of the answer; absent: JSON in the envelope around `data`. */
  readonly contentType?: string;
  readonly data?: JsonSchema;
}

const json = (operationId: string, summary: string, data: JsonSchema): Operation => ({ operationId, summary, data });

/** By method and path. A route without an entry has no name in the description, and fails a test. */
export const operations: Readonly<Record<string, Operation>> = {
  'POST /api/register': json(
    'register',
    'Register instances, all or none; a call again is a renewal or a change',
    answers.registerAnswer,
  ),
  'PUT /api/leases/:handle': json(
    'renewLease',
    'Renew a lease. 404: register again; 409: another holds it',
    answers.noData,
  ),
  'PUT /api/leases': json('renewLeases', 'Renew many leases, each with new terms if wanted', answers.renewAnswer),
  'POST /api/renew': json('renewByName', 'Renew by name, whichever client holds the instance', answers.renewAnswer),
  'POST /api/cancel': json('cancel', 'Deregister, by name or by handle', answers.cancelAnswer),
  'GET /api/fetch': json('fetch', 'The instances of a service', answers.instancesAnswer),
  'GET /api/fetch/all': json('fetchAll', 'The instances of an environment', answers.instancesAnswer),
  'GET /api/services': json('services', 'The services of an environment with their versions', answers.servicesAnswer),
  'GET /api/status': json('status', 'Self-protection, explained', answers.statusAnswer),
  'POST /api/protection/end': json('endProtection', 'Evict every expired instance now', answers.protectionEndAnswer),
  'POST /api/set': json(
    'set',
    'Change status or metadata of instances, whichever client holds them, all or none. 404: one is not listed',
    answers.setAnswer,
  ),
  'GET /api/poll': json('poll', 'The services that changed since a cursor, at their next change', answers.pollAnswer),
  'GET /api/changes': json('changes', 'What changed, and why', answers.changesAnswer),
  'GET /api/watch': {
    operationId: 'watch',
    summary: 'The state and then every change, as server-sent events; Last-Event-ID resumes',
    contentType: 'text/event-stream',
  },
  'GET /api/backup': {
    operationId: 'backup',
    summary: 'What a server with a data folder keeps, in one file',
    contentType: 'application/vnd.sqlite3',
  },
  'GET /api/openapi.json': { operationId: 'openapi', summary: 'This description', contentType: 'application/json' },
  'GET /healthz': { operationId: 'healthz', summary: 'The process answers', contentType: 'application/json' },
  'GET /readyz': {
    operationId: 'readyz',
    summary: 'The roll is restored; 503 until then, with how far it is',
    contentType: 'application/json',
  },
  'GET /metrics': { operationId: 'metrics', summary: 'Metrics for Prometheus', contentType: 'text/plain' },
};
