export { type RollcallAgentOptions, rollcallAgents } from './agents.ts';
