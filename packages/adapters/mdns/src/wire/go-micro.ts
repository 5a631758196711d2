/** go-micro's shape: its own domain, no `_tcp`, a TXT of hex and zlib around JSON. */
import { type Entry, limits } from '@rollcall/core/adapter';
import {
  decodeZlib,
  encodeZlib,
  goEndpoint,
  goJson,
  parseObject,
  readEndpoint,
  readMetadata,
} from '@rollcall/core/go-micro';

/** The domain of go-micro since 1.10 (before: `local`). */
export const goMicroDomain = 'micro';
/** Where go-micro lists names: a pointer to `<name>._services.<domain>` for each. */
export const listing = '_services';
/** The port that go-micro writes into such a record; it belongs to no service. */
export const listingPort = 9_999;
/** A string of TXT. */
const pieceBytes = 255;

/**
 * The TXT of an entry. Service metadata, and whether the node is announced in DNS-SD as well, are in fields that
 * go-micro ignores.
 */
export function writeGoTxt(
  { name, version, metadata, endpoints, node }: Entry,
  alsoDnsSd: boolean,
  owner: string,
): Buffer[] {
  const value = (pairs: object): string => (Object.keys(pairs).length === 0 ? 'null' : goJson(pairs));
  const list = endpoints.length === 0 ? 'null' : `[${endpoints.map(goEndpoint).join(',')}]`;
  const ours = goJson({ owner, alsoDnsSd, metadata });
  const text = `{"Service":${goJson(name)},"Version":${goJson(version)},"Endpoints":${list},"Metadata":${value(node.metadata)},"Rollcall":${ours}}`;
  const hex = encodeZlib(text);
  return Array.from({ length: Math.ceil(hex.length / pieceBytes) }, (_, index) =>
    Buffer.from(hex.slice(index * pieceBytes, (index + 1) * pieceBytes)),
  );
}

/** The content of go-micro's TXT, without id and address, which are in other records. */
export interface GoTruth {
  readonly name: string;
  readonly alsoDnsSd: boolean;
  /** The registry object that announces the instance; undefined: another program announces it. */
  readonly owner: string | undefined;
  entry(id: string, address: string): Entry;
}

/** Reads the TXT of any program in go-micro's domain. */
export function readGoTxt(data: readonly Buffer[]): GoTruth | undefined {
  const { Service, Version, Endpoints, Metadata, Rollcall } =
    parseObject(decodeZlib(Buffer.concat([...data]).toString('latin1'))) ?? {};
  if (typeof Service !== 'string' || !limits.isReadableName(Service)) return undefined;
  const { alsoDnsSd, owner, metadata } = (typeof Rollcall === 'object' && Rollcall !== null ? Rollcall : {}) as Record<
    string,
    unknown
  >;
  const endpoints = (Array.isArray(Endpoints) ? Endpoints : []).flatMap((item) => readEndpoint(item) ?? []);
  return {
    name: Service,
    alsoDnsSd: alsoDnsSd === true,
    owner: typeof owner === 'string' ? owner : undefined,
    entry: (id, address) => ({
      name: Service,
      version: typeof Version === 'string' ? Version : '',
      metadata: readMetadata(metadata),
      endpoints,
      node: { id, address, metadata: readMetadata(Metadata) },
    }),
  };
}
