/** Pure: which records answer a question. */

import { type Form, pointTo } from '../mdns-mapping.ts';
import { listedTtlS } from '../mdns-options.ts';
import { lower, nameKey, type Question, type Rr } from '../wire/message.ts';
import { type Own, ttlOf, type Zone } from './zone.ts';

/** Records that are sent together. */
export interface Answer {
  /** A text that is equal for equal answers. */
  readonly key: string;
  /** Whether other hosts may have answers to the same question. */
  readonly shared: boolean;
  /** Whether the answer needs a packet of its own, since go-micro reads one instance per packet. */
  readonly alone: boolean;
  /** The node that the answer is about; undefined: the roll as a whole. */
  readonly own: Own | undefined;
  /** The record that a known answer would have to repeat. */
  readonly pointer: { readonly name: string; readonly data: string } | undefined;
  /** The records, made when they are sent, with the TTL that is left at that moment. */
  records(now: number): readonly Rr[];
}

const pointed = (own: Own, form: Form, pointer: string, alone: boolean): Answer => ({
  own,
  key: `${pointer} ${form.instance}`,
  shared: true,
  alone,
  pointer: { name: pointer, data: form.instance },
  records: (now) => pointTo(form, pointer, ttlOf(own, now)),
});

const direct = (own: Own, form: Form, alone: boolean): Answer => ({
  own,
  key: form.instance,
  shared: false,
  alone,
  pointer: undefined,
  records: (now) => form.records(ttlOf(own, now)),
});

function listed(form: Form): Answer {
  const [pointer = ''] = form.pointers;
  return {
    own: undefined,
    key: `${pointer} ${form.instance}`,
    shared: true,
    alone: true,
    pointer: { name: pointer, data: form.instance },
    records: () => pointTo(form, pointer, listedTtlS),
  };
}

function enumerated(zone: Zone): Answer {
  const { enumeration, type } = zone.forms.names;
  const records: Rr[] = [{ type: 'PTR', name: enumeration, ttl: listedTtlS, data: type }];
  return {
    own: undefined,
    key: enumeration,
    shared: true,
    alone: false,
    pointer: { name: enumeration, data: type },
    records: () => records,
  };
}

/** Host names are in no list, so only a program that was just told of one asks for it. */
function hosts(zone: Zone, name: string): Answer[] {
  const isHost = (rr: Rr): boolean => (rr.type === 'A' || rr.type === 'AAAA') && lower(rr.name) === name;
  const owns = [...zone.all()].filter(({ dnsSd }) => dnsSd?.records(1).some(isHost) === true);
  const [first] = owns;
  const found = first?.dnsSd?.records(1).find(isHost);
  if (found === undefined) return [];
  // The host record lives as long as the node on it that stays longest.
  const records = (now: number): readonly Rr[] => [{ ...found, ttl: Math.max(...owns.map((own) => ttlOf(own, now))) }];
  return [{ own: first, key: name, shared: false, alone: false, pointer: undefined, records }];
}

/** The answers to a question. */
export function answersTo(zone: Zone, { name, type }: Question): Answer[] {
  const asked = nameKey(name);
  const answers: Answer[] = [];
  if (type === 'PTR' || type === 'ANY') {
    for (const own of zone.ofPointer(asked))
      for (const [form, alone] of [[own.dnsSd, false] as const, [own.goMicro, true] as const])
        for (const pointer of form?.pointers ?? [])
          if (form !== undefined && nameKey(pointer) === asked) answers.push(pointed(own, form, pointer, alone));
    answers.push(
      ...zone
        .listed()
        .filter(({ pointers }) => nameKey(pointers[0] ?? '') === asked)
        .map(listed),
    );
    const [announced] = zone.ofPointer(zone.forms.names.type);
    if (lower(name) === zone.forms.names.enumeration && announced !== undefined) answers.push(enumerated(zone));
  }
  if (type === 'PTR') return answers;
  const own = zone.ofInstance(asked);
  for (const [form, alone] of [[own?.dnsSd, false] as const, [own?.goMicro, true] as const])
    if (own !== undefined && form !== undefined && nameKey(form.instance) === asked)
      answers.push(direct(own, form, alone));
  return own === undefined && type !== 'SRV' && type !== 'TXT' ? [...answers, ...hosts(zone, lower(name))] : answers;
}

/** Leaves out answers that the asker knows: a pointer with at least half of the TTL that it would get (RFC 6762, 7.1). */
export function without(answers: readonly Answer[], known: readonly Rr[], now: number): Answer[] {
  if (known.length === 0) return [...answers];
  const ttls = new Map(
    known.flatMap((rr) => (rr.type === 'PTR' ? [[`${nameKey(rr.name)} ${nameKey(rr.data)}`, rr.ttl] as const] : [])),
  );
  return answers.filter(({ pointer, records }) => {
    const ttl = pointer === undefined ? undefined : ttls.get(`${nameKey(pointer.name)} ${nameKey(pointer.data)}`);
    return ttl === undefined || ttl < (records(now)[0]?.ttl ?? 0) / 2;
  });
}
