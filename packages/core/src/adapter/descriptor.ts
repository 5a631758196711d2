/** An adapter as data. Service, command line, doctor, gates and tables read this and never compare names. */
import type { CallOptions, Capabilities, Registry, RegistryOptions } from '../contract.ts';

/** What every adapter's factory takes. */
export interface CommonRegistryOptions extends RegistryOptions {
  /** Where the backend is: endpoints or network interfaces, by {@link AdapterDescriptor.addresses}. */
  readonly addresses?: readonly string[] | undefined;
  /** A secret of the backend: a token, or `user:password` for etcd. */
  readonly token?: string | undefined;
  /** Where `token` comes from. An adapter that can reads it again when the backend refuses what was in it. */
  readonly tokenFile?: string | undefined;
  /** PEM files. Only an adapter whose descriptor says so takes them. */
  readonly tlsFiles?: TlsPaths | undefined;
  /** Where the backend's own variables are read; default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Paths of PEM files. */
export interface TlsPaths {
  /** The authorities that the backend's certificate is believed by, in place of those that Node knows. */
  readonly ca?: string | undefined;
  /** The client's own certificate; with `key`. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** Makes a registry; does no I/O. */
export type RegistryFactory = (options: CommonRegistryOptions) => Registry;

/** One thing that `diagnose` found out about the place that it runs in. */
export interface Finding {
  /** `problem`: the registry does not work so. `warning`: it may be as it should. `ok`: what was seen. */
  readonly level: 'ok' | 'warning' | 'problem';
  /** What was seen, as a sentence. */
  readonly what: string;
  /** What to do. */
  readonly remedy?: string | undefined;
}

/** Status and protection of a discovery server. */
export interface DiscoveryAdmin {
  /** Answers the `StatusAnswer` of `@rollcall/protocol`. */
  status(call?: CallOptions): Promise<object>;
  /** Evicts every expired instance of `env` now; answers how many. */
  endProtection(env: string, call?: CallOptions): Promise<number>;
  /** What the server keeps, as of now, in the bytes of one file. Its deadline is that of the first byte. */
  backup(call?: CallOptions): Promise<AsyncIterable<Uint8Array>>;
}

/** An adapter package `@rollcall/<name>` exports its factory as `<name>` and this as `adapter`. */
export interface AdapterDescriptor {
  /** What `--registry` takes. */
  readonly name: string;
  /** May differ from the bare factory where a flag means something else. */
  readonly create: RegistryFactory;
  /** Before a server was asked: what depends on it is false. */
  readonly capabilities: Capabilities;
  /** What `addresses` are, and where the backend is when none are given. */
  readonly addresses:
    | { readonly kind: 'endpoint'; readonly defaults: readonly string[] }
    | { readonly kind: 'interface' }
    | { readonly kind: 'none' };
  /** A backend reached over loopback is this machine's alone (discovery, memory), not the local agent of a cluster. */
  readonly loopbackIsLocal: boolean;
  /** Variables of the backend's own tools that it honours, below ours. */
  readonly environment: readonly string[];
  /** It takes `tlsFiles`; others read their backend's own variables. */
  readonly tlsFiles?: boolean | undefined;
  /** What to do when nothing answers: "start one with `rollcall serve`". */
  readonly startHint?: string | undefined;
  /** What works between here and the backend, and what to do about what does not. `timeoutMs`: how long it may take. */
  diagnose?(options: CommonRegistryOptions, call: CallOptions): AsyncIterable<Finding>;
  /** Only where the backend is a discovery server. */
  admin?(options: CommonRegistryOptions): DiscoveryAdmin;
}
