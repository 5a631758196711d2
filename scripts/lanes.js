// What of the tests runs here: all of it, unless the inner loop is asked for or the machine cannot.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const onPath = (/** @type {string} */ name) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

/** Those that need a real etcd or Consul. */
const realBackends = [
  'packages/backends/test/**',
  'packages/adapters/etcd/test/{auth,conformance*,faults,leader}.test.ts',
  'packages/adapters/consul/test/{conformance*,faults,agents,hand-written}.test.ts',
  'examples/{greeter,shop}/test/real-backends.test.ts',
];

/** Those that need two hosts on a LAN, which only root can make. */
const twoHosts = ['packages/adapters/mdns/test/{lan,avahi,loss,doctor}.test.ts'];

/** Those that besides need go-micro, built by Go. */
const goMicro = ['interop/go-micro/test/interop.test.ts'];
const goMicroOnLan = ['interop/go-micro/test/mdns.test.ts'];

/** The test files that are left out; each lane says so, with what is missing and how to get it. */
export function leftOut() {
  const quick = process.env.ROLLCALL_QUICK !== undefined;
  const slow = [
    'packages/adapters/discovery/test/conformance-three-servers.test.ts',
    'packages/adapters/discovery/test/rounds.test.ts',
    'packages/adapters/mdns/test/{conformance-*,life}.test.ts',
  ];
  const can = onPath('apt-get') || (onPath('etcd') && onPath('consul'));
  if (!can && process.env.CI === undefined)
    console.log('left out: tests on real etcd and Consul; put `etcd` and `consul` on PATH, or run on Debian');
  const canMakeLan = process.getuid?.() === 0 && onPath('ip') && onPath('apt-get');
  if (!canMakeLan && process.env.CI === undefined)
    console.log(
      'left out: mDNS between two hosts, beside Avahi and under loss (every case of the contract runs on loopback instead); they need root on Debian with iproute2',
    );
  const canBuild = onPath('go');
  if (!canBuild && process.env.CI === undefined)
    console.log('left out: tests beside go-micro; they need Go (https://go.dev/dl, 1.24 or later)');
  // With CI set they run whatever is missing, and fail.
  const leave = (/** @type {boolean} */ able) => quick || (!able && process.env.CI === undefined);
  return [
    ...(quick ? slow : []),
    ...(leave(can) ? realBackends : []),
    ...(leave(canMakeLan) ? twoHosts : []),
    ...(leave(can && canBuild) ? goMicro : []),
    ...(leave(canMakeLan && canBuild) ? goMicroOnLan : []),
  ];
}
