import { isIP } from 'node:net';
import { checkTls } from '@rollcall/core/adapter';
import type { IOptions } from 'etcd3';
import { tlsNames } from '../etcd-error.ts';
import type { EtcdTls } from '../etcd-options.ts';

type Credentials = NonNullable<IOptions['credentials']>;

/**
 * TLS credentials for etcd3. Its types demand an authority, although gRPC trusts the authorities of Node without one.
 * Throws `INVALID_ARGUMENT`.
 */
export function credentialsOf({ ca, key, cert }: EtcdTls): Credentials {
  checkTls({ ca, key, cert }, tlsNames, 'etcd');
  const pem = (text: string | undefined): Buffer | undefined => (text === undefined ? undefined : Buffer.from(text));
  return Object.fromEntries(
    Object.entries({ rootCertificate: pem(ca), privateKey: pem(key), certChain: pem(cert) }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as unknown as Credentials;
}

/** The part of gRPC's credentials that makes the options of `tls.connect`. */
interface Secure {
  _createSecureConnector?: (...rest: unknown[]) => { readonly connectionOptions?: { servername?: string } };
}

/**
 * gRPC names a server by its IP address in the handshake, which TLS forbids and Node warns of (DEP0123). Without a name
 * Node still checks the certificate against the address. If gRPC changes internally, only the warning comes back.
 */
export function withoutIpServerName(pool: unknown, host: string): void {
  if (isIP(host) === 0) return;
  const { hosts = [] } = pool as { readonly hosts?: readonly { readonly channelCredentials?: Secure }[] };
  for (const { channelCredentials: credentials } of hosts) {
    const create = credentials?._createSecureConnector;
    if (credentials === undefined || create === undefined) continue;
    credentials._createSecureConnector = (...rest) => {
      const connector = create.apply(credentials, rest);
      if (connector.connectionOptions !== undefined) connector.connectionOptions.servername = '';
      return connector;
    };
  }
}
