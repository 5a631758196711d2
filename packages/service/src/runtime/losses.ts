import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { LeaseMessage, Registry, ServiceInput } from '@rollcall/core';

/**
 * Runs one register call; returns whether the registry had lost one of its nodes and wrote it again. The guard reports
 * that only on `rollcall:lease`, since it makes no difference to other callers of `register`.
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
