/** An adapter as data. Service, command line, doctor, gates and tables read this and never compare names. */
import type { CallOptions, Capabilities, Registry, RegistryOptions } from '../contract.ts';

/** What every adapter's factory takes. */
export interface CommonRegistryOptions extends RegistryOptions {
  /** Where the backend is: endpoints or network interfaces, by {@link AdapterDescriptor.addresses}. */
  readonly addresses?: readonly string[] | undefined;
  /** A secret of the backend: a token, or `user:password` for etcd. */
  readonly token?: string | undefined;
  /**
   * The file that `token` was read from. An adapter that supports it reads the file again when the backend refuses the
   * token.
   */
  readonly tokenFile?: string | undefined;
  /** PEM files. Only an adapter whose descriptor has `tlsFiles` accepts them. */
  readonly tlsFiles?: TlsPaths | undefined;
  /** Where the backend's own variables are read; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Paths of PEM files. */
export interface TlsPaths {
  /** The authorities that the client trusts for the backend's certificate, in place of Node's own list. */
  readonly ca?: string | undefined;
  /** The client's own certificate; needs `key`. */
  readonly cert?: string | undefined;
  /** The private key of `cert`, without a passphrase. */
  readonly key?: string | undefined;
}

/** Makes a registry; does no I/O. */
export type RegistryFactory = (options: CommonRegistryOptions) => Registry;

/** One finding of `diagnose`. */
export interface Finding {
  /** `problem`: the registry cannot work like this. `warning`: possibly intended. `ok`: as it should be. */
  readonly level: 'ok' | 'warning' | 'problem';
  /** What was seen, as a sentence. */
  readonly what: string;
  /** What to do. */
  readonly remedy?: string | undefined;
}

/** Status and protection of a discovery server. */
export interface DiscoveryAdmin {
  /** Returns the `StatusAnswer` of `@rollcall/protocol`. */
  status(call?: CallOptions): Promise<object>;
  /** Evicts every expired instance of `env` now; returns how many. */
  endProtection(env: string, call?: CallOptions): Promise<number>;
  /** The server's roll as the bytes of one backup file. The deadline of the call ends at the first byte. */
  backup(call?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
}

/**
 * A descriptor. An adapter package `@rollcall/<name>` exports its factory as `<name>` and its descriptor as `adapter`.
 */
export interface AdapterDescriptor {
  /** The name that `--registry` takes. */
  readonly name: string;
  /** Makes a registry from flags, whose defaults may differ from those of the package's own factory. */
  readonly create: RegistryFactory;
  /** Capabilities before any server was asked: what depends on the server is false. */
  readonly capabilities: Capabilities;
  /** What `addresses` are, and where the backend is when none are given. */
  readonly addresses:
    | { readonly kind: 'endpoint'; readonly defaults: readonly string[] }
    | { readonly kind: 'interface' }
    | { readonly kind: 'none' };
  /** A backend reached over loopback is this machine's alone (discovery, memory), not the local agent of a cluster. */
  readonly loopbackIsLocal: boolean;
  /** Variables of the backend's own tools that the adapter honours; ours come first. */
  readonly environment: readonly string[];
  /** The adapter takes `tlsFiles`; other adapters read the certificate variables of their backend. */
  readonly tlsFiles?: boolean | undefined;
  /** What to do when nothing answers: "start one with `rollcall serve`". */
  readonly startHint?: string | undefined;
  /** Checks the way to the backend, and says what to do about what fails. `timeoutMs` bounds it. */
  diagnose?(options: CommonRegistryOptions, call: CallOptions): AsyncIterable<Finding>;
  /** Present only where the backend is a discovery server. */
  admin?(options: CommonRegistryOptions): DiscoveryAdmin;
}
