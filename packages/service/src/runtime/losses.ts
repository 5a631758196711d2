import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { LeaseMessage, Registry, ServiceInput } from '@rollcall/core';

/**
 * Runs one register call; answers whether the registry had lost a node of it and wrote it again. The guard says so on
 * `rollcall:lease` alone, since for other callers of `register` it makes no difference.
 */
export async function withLossWatch(
  { name: registry }: Pick<Registry, 'name'>,
  { name, nodes }: ServiceInput,
  register: () => Promise<void>,
): Promise<boolean> {
  let isLost = false;
  const onLease = (message: unknown): void => {
    const { event, key, registry: from } = message as LeaseMessage;
    isLost ||= event === 'lost' && from === registry && key.name === name && nodes.some(({ id }) => id === key.id);
  };
  subscribe('rollcall:lease', onLease);
  try {
    await register();
  } finally {
    unsubscribe('rollcall:lease', onLease);
  }
  return isLost;
}
