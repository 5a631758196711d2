// The types that users build on. This file is only type-checked.
import type { Attempt, RemoteNode, Strategy } from 'rollcall';
import { byLoad, createClient, memory, noNodeIn, RegistryError } from 'rollcall';

const client = createClient(memory());
export const dropIn: typeof fetch = client.fetch;
export const first: Strategy = () => () => 0;
export const preferIdle: Strategy = (candidates) => {
  const fallback = byLoad(candidates);
  return (request, random) => {
    const index = random(candidates.length);
    return candidates[index]?.pending === 0 ? index : fallback(request, random);
  };
};
const users = client.service('users', { version: '^2', filter: (node: RemoteNode) => node.metadata.gpu === 'yes' });

export async function ask(): Promise<string | undefined> {
  try {
    using attempt: Attempt = users.acquire();
    await fetch(`http://${attempt.node.address}/`);
    attempt.release('ok');
    return undefined;
  } catch (error) {
    return RegistryError.is(error, 'UNAVAILABLE') ? `${noNodeIn(error)?.reason} ${users.state.status}` : 'another';
  }
}
