import type { Endpoint, Metadata } from '@rollcall/core';

/** What a client registered and watchers see, besides the name and the status. */
export interface Content {
  /** `host:port`; clients call the first. */
  readonly addresses: readonly string[];
  readonly version: string;
  readonly region: string;
  readonly zone: string;
  readonly metadata: Metadata;
  readonly serviceMetadata: Metadata;
  readonly endpoints: readonly Endpoint[];
}

/**
 * A content as JSON. An instance keeps its content in this form: it takes less memory than objects, collections have one
 * item to move instead of twenty, and answers, events and the journal take it as it is. So its names and their order
 * are those of the wire format. Equal contents have equal texts.
 */
export function writeContent(content: Content): string {
  const { addresses: addrs, version, region, zone, metadata, serviceMetadata, endpoints } = content;
  return JSON.stringify({ addrs, version, region, zone, metadata, serviceMetadata, endpoints });
}

/** Reads what {@link writeContent} writes. */
export function readContent(text: string): Content {
  const { addrs: addresses, ...others } = JSON.parse(text) as Omit<Content, 'addresses'> & { addrs: string[] };
  return { addresses, ...others };
}
