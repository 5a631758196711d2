import { BackendProcess } from './backend-process.ts';
import { findBinary } from './bring.ts';
import { freePorts } from './ports.ts';

/** Several etcd processes that are one cluster. */
export interface EtcdCluster {
  readonly nodes: readonly BackendProcess[];
  /** `host:port` of each, in the order of `nodes`. */
  readonly addresses: readonly string[];
}

/** One etcd, not started yet. */
export async function etcdNode(): Promise<{ readonly node: BackendProcess; readonly address: string }> {
  const { nodes, addresses } = await etcdCluster(1);
  return { node: nodes[0] as BackendProcess, address: addresses[0] as string };
}

/** `size` etcds, not started yet; start them together, since none serves without a majority. */
export async function etcdCluster(size: number): Promise<EtcdCluster> {
  const [file, ports] = await Promise.all([findBinary('etcd'), freePorts(2 * size)]);
  const members = Array.from({ length: size }, (_, index) => ({
    name: `node${index}`,
    client: `http://127.0.0.1:${ports[2 * index]}`,
    peer: `http://127.0.0.1:${ports[2 * index + 1]}`,
  }));
  const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
  const nodes = members.map(
    ({ name, client, peer }) =>
      new BackendProcess({
        file,
        args: (data) => [
          ...['--name', name, '--data-dir', data, '--initial-cluster', cluster, '--log-level', 'error'],
          ...['--listen-client-urls', client, '--advertise-client-urls', client],
          ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ],
        ready: () => isHealthy(client),
      }),
  );
  return { nodes, addresses: members.map(({ client }) => new URL(client).host) };
}

async function isHealthy(client: string): Promise<boolean> {
  const response = await fetch(`${client}/health`, { signal: AbortSignal.timeout(1_000) });
  const { health } = (await response.json()) as { readonly health?: string };
  return health === 'true';
}
