// The client prefers its own zone and reports changes; a caller that aborts a call gets the reason of its own signal.
import { createClient, loadRegistry } from 'rollcall';

const client = createClient(loadRegistry(), { zone: process.env.ZONE });
client.on('status', ({ name, status, panic }) => console.log(name, status, panic));
await client.ready('users');
const outcome = await client.fetch('http://users/42', { signal: AbortSignal.abort() }).catch((error) => error);
console.log(outcome instanceof Error ? outcome.name : 'an answer');
