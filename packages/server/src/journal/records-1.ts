/** Pure: reads the texts of stores of format 1. There an instance is a JSON object. */
import { limits } from '@rollcall/core';
import { usableAddress } from '@rollcall/protocol';
import type { RememberedMember } from '../protection/index.ts';
import { type Content, writeContent } from '../roll/content.ts';
import type { Change } from '../roll/followers.ts';
import type { Instance } from '../roll/instance.ts';
import type { Kept } from '../roll/keeping.ts';

type Instance1 = Omit<Instance, 'content' | 'isUsable'> & Content;

interface Kept1 {
  readonly listing?: { readonly instance: Instance1; readonly handle: number; readonly superseded: readonly number[] };
  readonly member?: RememberedMember;
}

/** Reads an entry. `axis`: the offset that was added to lease-clock times. */
export function readKept1(text: string, axis: number): Kept {
  const { listing, member } = JSON.parse(text) as Kept1;
  return {
    listing: listing && { ...listing, instance: upgraded(listing.instance) },
    member: member && shifted(member, axis),
  };
}

/** Reads a change. */
export function readChange1(text: string): Change {
  const change = JSON.parse(text) as Change;
  if (change.type === 'remove') return change;
  return { ...change, instance: upgraded(change.instance as Instance & Content) };
}

function upgraded(instance: Instance1): Instance {
  const { addresses, version, region, zone, metadata, serviceMetadata, endpoints, ...others } = instance;
  const { service, id } = others;
  return {
    ...others,
    version,
    content: writeContent({ addresses, version, region, zone, metadata, serviceMetadata, endpoints }),
    isUsable: limits.isReadableName(service) && limits.isReadableName(id) && usableAddress(addresses) !== undefined,
  };
}

function shifted(member: RememberedMember, axis: number): RememberedMember {
  const { registeredAt, lastRenewal, evictedAt, cancelledAt } = member;
  return {
    ...member,
    registeredAt: registeredAt - axis,
    lastRenewal: lastRenewal - axis,
    ...(evictedAt === undefined ? {} : { evictedAt: evictedAt - axis }),
    ...(cancelledAt === undefined ? {} : { cancelledAt: cancelledAt - axis }),
  };
}
