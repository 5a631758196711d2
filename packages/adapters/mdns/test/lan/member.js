// One host's side of a test: drivers of the adapter in a process of their own, since a process has one network. The
// parent process sends the calls over the channel between the two processes.

import { parseSettings } from '../../dist/mdns-options.js';
import { MdnsDriver } from '../../dist/mdns-registry.js';

const drivers = new Map();
const calls = new Map();

const tell = (message) => process.send?.(message);
const call = (id) => {
  const controller = new AbortController();
  calls.set(id, controller);
  return { signal: controller.signal, logger: undefined };
};
const sinkOf = (id) => ({
  snapshot: (entries) => tell({ id, sink: 'snapshot', args: [entries] }),
  put: (entry) => tell({ id, sink: 'put', args: [entry] }),
  remove: (key, reason) => tell({ id, sink: 'remove', args: [key, reason] }),
});

process.on('message', async ({ driver, id, operation, args }) => {
  if (operation === 'open') return drivers.set(driver, new MdnsDriver(parseSettings(args[0])));
  if (operation === 'abort') return calls.get(id)?.abort(new Error('aborted'));
  const target = drivers.get(driver);
  const given = operation === 'watch' ? [...args, sinkOf(id)] : args;
  try {
    tell({ id, result: await target[operation](...given, call(id)) });
  } catch (cause) {
    const error = typeof cause?.code === 'string' ? cause : target.toError(cause);
    tell({ id, error: { code: error.code, message: error.message } });
  }
  calls.delete(id);
  if (operation === 'close') drivers.delete(driver);
});
process.on('disconnect', () => process.exit());
tell({ ready: true });
