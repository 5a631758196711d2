export { createClient } from './client.ts';
export type * from './contract.ts';
export type * from './options.ts';
export type * from './picking.ts';
export {
  type AttemptMessage,
  attemptChannel,
  type PickMessage,
  pickChannel,
  type ServiceMessage,
  serviceChannel,
} from './shell/diagnostics.ts';
export { noNodeIn } from './shell/no-node.ts';
export { byKey } from './strategy/by-key.ts';
export { byLoad } from './strategy/by-load.ts';
export { byWeight } from './strategy/by-weight.ts';
export { byRandom, byTurn } from './strategy/simple.ts';
