import { BackendProcess } from './backend-process.ts';
import { findBinary } from './bring.ts';
import { fetchSoon } from './fetch-soon.ts';
import { freePorts } from './ports.ts';

/** Several etcd processes that are one cluster. */
export interface EtcdCluster {
  readonly nodes: readonly BackendProcess[];
  /** `host:port` of each, in the order of `nodes`. */
  readonly addresses: readonly string[];
}

/** How an etcd differs from the defaults. */
export interface EtcdOptions {
  /** PEM files. With them, clients must use TLS and a certificate of this authority. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** More arguments. */
  readonly args?: readonly string[];
}

/** One etcd, not started yet. */
export async function etcdNode(
  options: EtcdOptions = {},
): Promise<{ readonly node: BackendProcess; readonly address: string }> {
  const { nodes, addresses } = await etcdCluster(1, options);
  return { node: nodes[0] as BackendProcess, address: addresses[0] as string };
}

/** `size` etcds, not started yet. Start them together, since none serves without a majority. */
export async function etcdCluster(size: number, { tls, args = [] }: EtcdOptions = {}): Promise<EtcdCluster> {
  const [file, ports] = await Promise.all([findBinary('etcd'), freePorts(3 * size)]);
  const members = Array.from({ length: size }, (_, index) => ({
    name: `node${index}`,
    client: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${ports[3 * index]}`,
    peer: `http://127.0.0.1:${ports[3 * index + 1]}`,
    // A separate address for health checks without a certificate.
    metrics: `http://127.0.0.1:${ports[3 * index + 2]}`,
  }));
  const secure =
    tls === undefined
      ? []
      : [`--cert-file=${tls.cert}`, `--key-file=${tls.key}`, `--trusted-ca-file=${tls.ca}`, '--client-cert-auth'];
  const cluster = members.map(({ name, peer }) => `${name}=${peer}`).join(',');
  const nodes = members.map(
    ({ name, client, peer, metrics }) =>
      new BackendProcess({
        file,
        args: (data) => [
          ...['--name', name, '--data-dir', data, '--initial-cluster', cluster, '--log-level', 'error'],
          ...['--listen-client-urls', client, '--advertise-client-urls', client],
          ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--listen-metrics-urls', metrics],
          ...[...secure, ...args],
        ],
        ready: () => isHealthy(metrics),
      }),
  );
  return { nodes, addresses: members.map(({ client }) => new URL(client).host) };
}

async function isHealthy(metrics: string): Promise<boolean> {
  const response = await fetchSoon(`${metrics}/health`);
  const { health } = (await response.json()) as { readonly health?: string };
  return health === 'true';
}
