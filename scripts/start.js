// `npm start` plays a story that shows a registry at work, with real processes and sockets. Each step prints the
// promised and the measured figure. `npm start -- --for 30s` ends by itself, with exit code 0 only if every step was
// seen.
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { bootstrap } from './bootstrap.js';
import { Cast } from './story/cast.js';

const { values } = parseArgs({ options: { for: { type: 'string' } } });
const [, amount, unit] = /^(\d+)(ms|s|m)$/.exec(values.for ?? '') ?? [];
/** @type {Record<string, number>} */
const units = { ms: 1, s: 1_000, m: 60_000 };
const lasts = amount === undefined ? undefined : Number(amount) * (units[unit ?? 's'] ?? 1_000);
if (values.for !== undefined && lasts === undefined) {
  console.error('--for needs a time such as 30s');
  process.exit(2);
}

const startedAt = Date.now();
const cast = new Cast();
const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stop.abort());

let step = 0;
const say = (/** @type {string} */ text) => console.log(text);
const title = (/** @type {string} */ text) => {
  step += 1;
  say(`\n${step}. ${text}`);
};
const seconds = (/** @type {number} */ ms) => (ms / 1000).toFixed(1);
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
let failures = 0;
const verdict = (/** @type {boolean} */ holds, /** @type {string} */ text) => {
  if (!holds) failures += 1;
  say(`   ${holds ? 'ok ' : 'NOT SEEN '} ${text}`);
};

async function openRoll() {
  title('The discovery server opens the roll.');
  let address = await cast.serve(7171);
  if (address === undefined) {
    say('   port 7171 is taken, so another one is used');
    address = await cast.serve(0);
  }
  if (address === undefined) throw new Error('the server does not start');
  verdict(true, `it listens on ${address}`);
  return address;
}

/** @param {string} address @param {string} id */
async function greeter(address, id) {
  const child = cast.fork('greeter.js', [address, id]);
  await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`${id} ended`))),
  ]);
  return child;
}

/**
 * Lets the consumer call `http://greeter/` fifty times a second while `work` goes on; each of `count` greeters must answer, and no
 * call may fail. Answers what `work` does.
 * @template T
 * @param {import('node:child_process').ChildProcess} consumer @param {number} count @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function calling(consumer, count, work) {
  consumer.send('begin');
  const result = await work();
  const from = cast.told.length;
  consumer.send('end');
  const { made = 0, failed = 0, answers = {} } = await cast.hear(({ type }) => type === 'calls', 5_000, from);
  const answered = Object.keys(answers).length;
  verdict(
    failed === 0 && answered === count,
    `fetch('http://greeter/'): ${made} calls, ${answered} of ${count} greeters answered, ${failed} failed`,
  );
  return result;
}

async function story() {
  const address = await openRoll();
  title('Two greeters start as processes of their own, on any free ports, and register.');
  const first = await greeter(address, 'greeter-1');
  const second = await greeter(address, 'greeter-2');
  verdict(true, 'both are on the roll, with a TTL of 3 s, renewed every second');

  title('A consumer calls them by their name.');
  const consumer = cast.fork('consumer.js', [address]);
  cast.listen(consumer);
  await cast.hear(({ type }) => type === 'synced', 5_000);
  await calling(consumer, 2, () => pause(500));

  // Both renew once more first: a node that registers after greeter-1's last heartbeat could be its replacement.
  await pause(1_500);
  title('greeter-1 is killed with SIGKILL: it cannot say goodbye, and stays on the roll for its TTL.');
  const killed = once(first, 'exit');
  first.kill('SIGKILL');
  const { gone, renewedAt, slowestMs } = await calling(consumer, 1, async () => {
    // The process may renew once more until it has ended.
    await killed;
    const lastHeard = await renewal(address, 'greeter-1');
    const hearing = cast.hear(({ type, id }) => type === 'delete' && id === 'greeter-1', 8_000);
    const slowest = await slowestAnswer(address, hearing);
    return { gone: await hearing, renewedAt: lastHeard, slowestMs: slowest };
  });
  const silence = gone.at - renewedAt;
  const busy =
    slowestMs < 100 ? '' : `, and up to ${seconds(slowestMs)} more, since this busy machine let the server wait`;
  verdict(
    silence >= 2_950 && silence <= 3_300 + slowestMs && gone.reason === 'expired',
    `evicted ${seconds(silence)} s after its last heartbeat (${gone.reason}); promised 3.0-3.3${busy}`,
  );

  title('greeter-3 starts.');
  const begun = Date.now();
  const third = await greeter(address, 'greeter-3');
  const seen = await cast.hear(({ type, id }) => type === 'create' && id === 'greeter-3', 5_000);
  verdict(
    true,
    `the consumer knows it ${seconds(Math.max(0, seen.at - begun))} s after its process was started, without asking`,
  );
  // A new node gets a tenth of the calls at first, so half a second of calls may not reach it.
  await calling(consumer, 2, () => pause(2_000));

  title('All heartbeats freeze at once, as when a network breaks. The processes live.');
  const from = cast.told.length;
  for (const child of [second, third]) child.send('freeze');
  const late = await cast.hear(({ type, late }) => type === 'update' && late === true, 6_000, from);
  await pause(Math.max(0, late.at + 5_000 - Date.now()));
  const lost = cast.told.slice(from).filter(({ type }) => type === 'delete');
  const marked = new Set(
    cast.told
      .slice(from)
      .filter(({ late: isLate }) => isLate)
      .map(({ id }) => id),
  );
  verdict(
    lost.length === 0 && marked.size === 2,
    `5 s later, far beyond the TTL: ${lost.length} evicted, ${marked.size} marked late; promised 0 and 2, since the registry blames the network`,
  );
  await calling(consumer, 2, () => pause(500));

  title('The heartbeats are back.');
  const back = cast.told.length;
  for (const child of [second, third]) child.send('thaw');
  for (const wanted of ['greeter-2', 'greeter-3'])
    await cast.hear(({ type, id, late: isLate }) => type === 'update' && id === wanted && !isLate, 8_000, back);
  verdict(true, 'both are on time again, and neither was ever missing');
  return address;
}

/**
 * Asks the server when it last heard of an instance; the server and this program share the machine's clock. `exact`: a list may show
 * an older time.
 * @param {string} address @param {string} id
 */
async function renewal(address, id) {
  const response = await fetch(`http://${address}/api/fetch?env=default&appid=greeter&exact=1`);
  const { data } = /** @type {{ data: { instances: { hostname: string, renewTimestamp: number }[] } }} */ (
    await response.json()
  );
  const instance = data.instances.find(({ hostname }) => hostname === id);
  if (instance === undefined) throw new Error(`${id} is not on the roll`);
  return instance.renewTimestamp;
}

/**
 * The longest time that the server took to answer while `work` went on, in milliseconds. On a busy machine, anything
 * that the server does may be late by so much.
 * @param {string} address @param {Promise<unknown>} work
 */
async function slowestAnswer(address, work) {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  work.then(over, over);
  let slowest = 0;
  while (!isOver) {
    const asked = Date.now();
    await (await fetch(`http://${address}/healthz`)).text();
    slowest = Math.max(slowest, Date.now() - asked);
    await pause(50);
  }
  return slowest;
}

/** @param {string} address */
async function stay(address) {
  const flag = address.endsWith(':7171') ? '' : ` --registry-address ${address}`;
  say('\nNow it is yours. In another terminal:');
  say(`  npx rollcall list${flag}`);
  say(`  npx rollcall watch greeter${flag}`);
  say(`  npx rollcall run --name web --port 8080${flag} -- npx --yes http-server -p 8080`);
  say(`  curl 'http://${address}/api/status'`);
  say(lasts === undefined ? 'Ctrl-C ends everything.' : `It ends ${values.for} after its start.`);
  const left = lasts === undefined ? 2 ** 31 - 1 : Math.max(0, startedAt + lasts - Date.now());
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, left);
    const end = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
    if (stop.signal.aborted) end();
    stop.signal.addEventListener('abort', end);
  });
}

say('Rollcall: a story about services that find each other (about 25 s)');
const interrupted = new Promise((resolve) => stop.signal.addEventListener('abort', () => resolve(undefined)));
try {
  await bootstrap();
  const address = await Promise.race([story(), interrupted]);
  if (typeof address === 'string') await stay(address);
} catch (error) {
  verdict(false, error instanceof Error ? error.message : String(error));
} finally {
  await cast.end();
}
process.exit(failures === 0 ? 0 : 1);
