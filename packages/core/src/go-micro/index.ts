// For adapters whose backend go-micro shares: JSON and zlib as it writes and reads them.
export { readMetadata } from '../adapter/readers.ts';
export { goEndpoint, goJson, parseObject, readEndpoint } from './go-json.ts';
export { decodeZlib, encodeGo, encodeZlib } from './go-zlib.ts';
