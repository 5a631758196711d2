import { BackendProcess } from './backend-process.ts';
import { findBinary } from './bring.ts';
import { fetchSoon } from './fetch-soon.ts';
import { freePorts } from './ports.ts';

/** A Consul agent, not started yet. */
export interface ConsulAgent {
  readonly agent: BackendProcess;
  /** `host:port` of the agent's HTTP API. */
  readonly address: string;
  /** Address at which other agents join this agent. */
  readonly serf: string;
  /** Address at which servers of other datacenters join this agent. */
  readonly wan: string;
}

/** What kind of agent to run. */
export interface ConsulAgentOptions {
  /** The address of a server agent, for a client agent; absent: a server agent. */
  readonly join?: string;
  /** More configuration, in HCL. */
  readonly config?: string;
}

/** An agent with a data folder, unlike `-dev`, which keeps nothing. */
export async function consulAgent(options: ConsulAgentOptions = {}): Promise<ConsulAgent> {
  const [file, [http = 0, server = 0, lan = 0, wan = 0]] = await Promise.all([findBinary('consul'), freePorts(4)]);
  const ports = ['-http-port', http, '-server-port', server, '-serf-lan-port', lan, '-serf-wan-port', wan];
  const role =
    options.join === undefined
      ? ['-server', '-bootstrap-expect=1']
      : ['-retry-join', options.join, '-retry-interval', '1s'];
  const agent = new BackendProcess({
    file,
    args: (data) => [
      ...['agent', '-data-dir', data, '-node', `agent-${http}`, '-bind', '127.0.0.1', '-client', '127.0.0.1'],
      // A restarted server holds an election, which by default waits as long as on a slow network.
      ...['-hcl', `performance { raft_multiplier = 1 }\n${options.config ?? ''}`],
      ...['-dns-port=-1', '-grpc-port=-1', '-log-level', 'err', ...ports.map(String), ...role],
    ],
    ready: () => serves(http),
  });
  return { agent, address: `127.0.0.1:${http}`, serf: `127.0.0.1:${lan}`, wan: `127.0.0.1:${wan}` };
}

/** A read that needs a leader: an agent without one answers other requests long before. */
async function serves(port: number): Promise<boolean> {
  const ask = (path: string): Promise<Response> => fetchSoon(`http://127.0.0.1:${port}${path}`);
  // A serving agent refuses a client without a token.
  return (await ask('/v1/catalog/services')).ok && [200, 403].includes((await ask('/v1/agent/self')).status);
}
