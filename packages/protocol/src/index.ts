/**
 * The wire types of the discovery server's own front door, `/api/*`, which adapter and server share.
 *
 * Every answer is `Envelope<T>` with a true HTTP status: 200 with `data`; 400 bad input (`message` names the field);
 * 404 unknown path; 413 too large; 500 a defect. Every envelope carries the server's `epoch` (another one after each
 * start that lost the roll) and `revision` (goes up by one per change), and `warming: true` while the server warms.
 *
 * | request | body or query | `data` |
 * |---|---|---|
 * | POST /api/register | {@link RegisterRequest} | {@link RegisterAnswer} |
 * | PUT /api/leases | {@link RenewLeasesRequest} | {@link RenewLeasesAnswer} |
 * | PUT /api/leases/:handle | nothing | `null`; 404 `LEASE_UNKNOWN`, 409 `LEASE_TAKEN` |
 * | POST /api/renew | {@link KeysRequest} | {@link RenewAnswer} |
 * | POST /api/cancel | {@link CancelRequest} | {@link CancelAnswer} |
 * | POST /api/set | {@link SetRequest} | {@link SetAnswer}; 404: nothing has changed |
 * | GET /api/fetch | `env`, `appid`, `exact` (1: with the times of renewal as they are now, else as they were at some moment since the last change) | {@link InstancesAnswer} |
 * | GET /api/fetch | likewise, and `at`: an ISO time, milliseconds, or `10m` (ago) | {@link PastInstancesAnswer}; 400: not within the change log |
 * | GET /api/poll | `env`, `appid` (repeatable), `since`: a cursor, `waitMs` | {@link PollAnswer}: at once, or at the next change |
 * | GET /api/changes | `since`: a cursor, a revision, an ISO time or `10m` (ago); `env`, `appid`, `hostname`, `limit`, `waitMs` | {@link ChangesAnswer} |
 * | GET /api/fetch/all | `env` | {@link InstancesAnswer} |
 * | GET /api/services | `env` | {@link ServicesAnswer}: of instances with status 1 and an address |
 * | GET /api/watch | `env`, `appid` (absent: all); header `Last-Event-ID` resumes | server-sent events, see {@link WatchEventName} |
 * | GET /api/status | `env` (absent: all) | {@link StatusAnswer} |
 * | POST /api/protection/end | {@link EnvRequest} | {@link ProtectionEndAnswer} |
 */

export type {
  ChangeEvidence,
  ChangeRecord,
  ChangesAnswer,
  ExpiryEvidence,
  LogStart,
  Sender,
} from './changes.ts';
export type { Envelope } from './envelope.ts';
export type {
  Instance,
  InstanceInput,
  InstanceKey,
  InstanceStatus,
  WireEndpoint,
  WireValue,
} from './instance.ts';
export type {
  CancelAnswer,
  CancelKey,
  CancelRequest,
  InstanceSetting,
  KeysRequest,
  RegisterAnswer,
  RegisterRequest,
  RenewAnswer,
  RenewLeasesAnswer,
  RenewLeasesRequest,
  RenewStatus,
  SetAnswer,
  SetRequest,
} from './leases.ts';
export type {
  ApplicationStatus,
  EnvRequest,
  HeldInstance,
  ProtectionEndAnswer,
  ProtectionState,
  ProtectionStatus,
  StatusAnswer,
} from './operations.ts';
export type { PollAnswer, PolledService } from './poll.ts';
export type { InstancesAnswer, PastInstancesAnswer, ServicesAnswer } from './reads.ts';
export * as answers from './schemas/answers.ts';
export type { JsonSchema } from './schemas/json-schema.ts';
export { type SchemaKeyword, schemaKeywords } from './schemas/keywords.ts';
export { patternWords } from './schemas/pattern-words.ts';
export * as schemas from './schemas/requests.ts';
export { usableAddress } from './usable.ts';
export { type CurrentEvent, heartbeatMs, type RemoveEvent, type SnapshotEvent, type WatchEventName } from './watch.ts';
