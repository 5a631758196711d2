/** The client under load while a real registry lists fewer nodes than there are. */
import { afterEach, describe, expect, it } from 'vitest';
import { discovery } from '../../../adapters/discovery/src/index.ts';
import { TcpProxy } from '../../../backends/src/index.ts';
import { ServerProcess } from './server.ts';
import { isLong, lostPosts, pause, Stage, summary } from './stage.ts';

const ids = Array.from({ length: 10 }, (_, index) => `g${index}`);
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A server without warm-up and self-protection, and a proxy to it that can be cut. Some greeters renew over it. */
async function scene() {
  const server = new ServerProcess('--no-warm-up', '--protection', 'off');
  await server.start();
  cleanUps.push(() => server.kill());
  const link = new TcpProxy(server.address);
  await link.listen();
  cleanUps.push(() => link.close());
  const registry = discovery({ addresses: [server.address] });
  cleanUps.push(() => registry.close({ withdraw: false }));
  const env = {
    ROLLCALL_REGISTRY: 'discovery',
    ROLLCALL_REGISTRY_ADDRESS: server.address,
    GREETER_TTL_MS: '3000',
  };
  const stage = new Stage(registry, env);
  cleanUps.push(() => stage[Symbol.asyncDispose]());
  const until = async (isTrue: () => boolean, what: string): Promise<void> => {
    const deadline = performance.now() + 60_000;
    for (; !isTrue(); await pause(20))
      if (performance.now() > deadline) throw new Error(`not seen within 60 s: ${what}`);
  };
  return { server, link, linked: { ROLLCALL_REGISTRY_ADDRESS: link.address }, stage, until };
}

describe('200 requests a second over ten greeters', () => {
  it.each(isLong ? [30_000, 300_000] : [4_000])(
    'a load of 200 requests a second on ten greeters loses no request while a wiped server lists none for %d ms',
    { timeout: 400_000 },
    async (ms) => {
      const { server, link, linked, stage, until } = await scene();
      await stage.register(linked, ...ids);
      const service = stage.client.service('greeter');
      await until(() => service.nodes.length === 10, 'ten nodes');
      const tally = await stage.load(async () => {
        await pause(1_000);
        link.cut();
        await server.kill();
        await server.start();
        await until(() => service.state.status === 'holding', 'holding');
        await pause(ms);
        if (!isLong) return;
        link.restore();
        await until(() => service.state.status === 'live', 'all listed again');
        await pause(1_000);
      });
      console.log(`a wiped server for ${ms / 1_000} s: ${summary(tally)}`);
      expect(tally.failedGets).toEqual([]);
      expect(lostPosts(tally)).toEqual([]);
      expect(service.nodes).toHaveLength(10);
    },
  );

  it('a load of 200 requests a second on ten greeters loses no request while the server has lost half of them', {
    timeout: 120_000,
  }, async () => {
    const { link, linked, stage, until } = await scene();
    await stage.register({}, ...ids.slice(0, 5));
    await stage.register(linked, ...ids.slice(5));
    // The client follows only from here on: it would take nodes that come later as replacements for those that vanish.
    const service = stage.client.service('greeter');
    await until(() => service.nodes.length === 10, 'ten nodes');
    const tally = await stage.load(async () => {
      await pause(1_000);
      link.cut();
      await until(() => service.state.status === 'holding', 'holding');
      await pause(isLong ? 45_000 : 2_000);
      link.restore();
      await until(() => service.state.status === 'live', 'all listed again');
      await pause(1_000);
    });
    console.log(`half lost: ${summary(tally)}`);
    expect(tally.failedGets).toEqual([]);
    expect(lostPosts(tally)).toEqual([]);
    expect(service.nodes).toHaveLength(10);
  });
});
