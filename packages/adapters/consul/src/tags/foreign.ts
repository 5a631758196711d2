/** Entries that neither Rollcall nor go-micro wrote: by hand, by registrator, Nomad, Spring, kratos. */
import { isIP } from 'node:net';
import type { Metadata } from '@rollcall/core';

/** The metadata key under which the tags of a foreign entry are read. */
const tagsKey = 'consul-tags';

/** Consul's ids are unique per agent only, so the machine is part of the id. */
export const foreignId = (serviceId: string, machine: string): string =>
  serviceId === '' || machine === '' ? serviceId : `${serviceId}@${machine}`;

/** The version of Meta, else of a tag, where kratos and older versions of Spring write it. */
export function foreignVersion(meta: Metadata, tags: readonly string[]): string {
  const tag = tags.find((text) => text.startsWith('version='));
  return meta.version ?? tag?.slice('version='.length) ?? '';
}

/** Meta, and the tags in their order, since tags often tell the nodes of a service apart. */
export function foreignMetadata(meta: Metadata, tags: readonly string[]): Metadata {
  if (tags.length === 0 || Object.hasOwn(meta, tagsKey)) return meta;
  return { ...meta, [tagsKey]: tags.map((tag) => tag.replaceAll(',', '%2C')).join(',') };
}

/** `host:port`; the host may have been written as a URL. */
export function readHost(text: string, port: number): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  const host = url === undefined ? text : hostOf(text);
  const number = port > 0 || url === undefined ? port : Number(url.port);
  return `${isIP(host) === 6 ? `[${host}]` : host}:${number}`;
}

/** The host of a URL. `URL.hostname` would be empty or escaped for schemes outside the web. */
const hostOf = (url: string): string => /^[^:]+:\/\/(\[[^\]]*\]|[^/:?#]*)/.exec(url)?.[1] ?? '';
