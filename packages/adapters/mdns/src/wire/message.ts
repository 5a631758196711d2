/** DNS packets, as far as they are used here. Decoding accepts any bytes, and every encoded packet fits. */
import { AUTHORITATIVE_ANSWER, decode, encode, type Packet, TRUNCATED_RESPONSE } from 'dns-packet';

/** A resource record of the kinds a registry needs. `ttl` in seconds. */
export type Rr = {
  readonly name: string;
  readonly ttl: number;
  /** Cache-flush: the record replaces all known records of this name and type (RFC 6762, 10.2). */
  readonly flush?: boolean | undefined;
} & (
  | { readonly type: 'PTR' | 'A' | 'AAAA'; readonly data: string }
  | { readonly type: 'SRV'; readonly data: { readonly target: string; readonly port: number } }
  | { readonly type: 'TXT'; readonly data: readonly Buffer[] }
);

/** A question. */
export interface Question {
  readonly name: string;
  readonly type: 'PTR' | 'SRV' | 'TXT' | 'A' | 'AAAA' | 'ANY';
  /** The answer may go to the asker alone (RFC 6762, 5.4). */
  readonly unicast?: boolean | undefined;
}

/** A packet. */
export interface Message {
  readonly id: number;
  readonly response: boolean;
  /** More known answers follow (RFC 6762, 7.2). */
  readonly truncated: boolean;
  readonly questions: readonly Question[];
  /** Answers and additional records of a response; the known answers of a query. */
  readonly answers: readonly Rr[];
  /** In a probe: the records that its sender wants to announce. */
  readonly authorities: readonly Rr[];
}

/** A message to send. Absent fields mean no records, id 0, and a query. */
export type Outgoing = Partial<Message>;

/** The longest packet that we send: with its headers it crosses any Ethernet in one piece. Bytes. */
export const maxPacketBytes = 1_400;
const headerBytes = 12;
const qu = 0x8000;
const unicastClass = `UNKNOWN_${qu + 1}`;
const questionTypes = new Set(['PTR', 'SRV', 'TXT', 'A', 'AAAA', 'ANY']);

/** Whether a text can be a name in a packet: labels of 1-63 bytes, 253 in all (RFC 1035, 2.3.4). */
export function isDnsName(name: string): boolean {
  return (
    Buffer.byteLength(name) <= 253 && name.split('.').every((label) => label !== '' && Buffer.byteLength(label) <= 63)
  );
}

/** DNS names ignore the case of ASCII letters. */
export const lower = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** The key of a name. go-micro's names, which have no protocol part, keep their case, since its ids differ by it. */
export const nameKey = (name: string): string => (name.includes('._tcp.') ? lower(name) : name);

function readQuestion({ name, type, class: kind }: Record<string, unknown>): Question[] {
  if (typeof name !== 'string' || !questionTypes.has(String(type))) return [];
  return [{ name, type: type as Question['type'], unicast: kind === unicastClass }];
}

function readRr({ name, type, ttl, flush, data }: Record<string, unknown>): Rr[] {
  if (typeof name !== 'string' || typeof ttl !== 'number') return [];
  const head = { name, ttl, flush: flush === true };
  if ((type === 'PTR' || type === 'A' || type === 'AAAA') && typeof data === 'string') return [{ ...head, type, data }];
  if (type === 'SRV' && typeof data === 'object' && data !== null) {
    const { target, port } = data as Record<string, unknown>;
    return typeof target === 'string' && typeof port === 'number' ? [{ ...head, type, data: { target, port } }] : [];
  }
  if (type === 'TXT') return [{ ...head, type, data: [data].flat().filter((item) => Buffer.isBuffer(item)) }];
  return [];
}

const each = <T>(list: unknown, read: (item: Record<string, unknown>) => T[]): T[] =>
  (Array.isArray(list) ? list : []).flatMap(read);

/** A decoded packet; undefined for packets that must be ignored by RFC 6762 (18.3, 18.11). */
export function toMessage(packet: Packet): Message | undefined {
  const { id, type, opcode, rcode, flag_tc, questions, answers, additionals, authorities } = packet as Packet & {
    readonly opcode?: string;
    readonly rcode?: string;
    readonly flag_tc?: boolean;
  };
  if (opcode !== 'QUERY' || rcode !== 'NOERROR') return undefined;
  const response = type === 'response';
  return {
    id: id ?? 0,
    response,
    truncated: flag_tc === true,
    questions: each(questions, readQuestion),
    answers: [...each(answers, readRr), ...(response ? each(additionals, readRr) : [])],
    authorities: each(authorities, readRr),
  };
}

/** The bytes of a packet. */
export function toBytes({ id = 0, response = false, truncated = false, ...parts }: Outgoing): Buffer {
  const { questions = [], answers = [], authorities = [] } = parts;
  const bytes = Buffer.from(
    encode({
      id,
      type: response ? 'response' : 'query',
      flags: (response ? AUTHORITATIVE_ANSWER : 0) | (truncated ? TRUNCATED_RESPONSE : 0),
      questions: questions.map(({ name, type }) => ({ name, type: type as 'A' })),
      answers: answers.map(writeRr),
      authorities: authorities.map(writeRr),
    }),
  );
  // The library cannot send the bit that asks for a unicast answer, the highest of the class.
  let offset = headerBytes;
  for (const { name, unicast } of questions) {
    offset += Buffer.byteLength(name) + 2 + 4;
    if (unicast === true) bytes.writeUInt16BE(bytes.readUInt16BE(offset - 2) | qu, offset - 2);
  }
  return bytes;
}

const writeRr = (rr: Rr) =>
  rr.type === 'TXT'
    ? { ...rr, flush: rr.flush === true, data: [...rr.data] }
    : (rr as Rr & { readonly type: 'A'; readonly data: string });

const sizes = new WeakMap<Rr, number>();

/** Bytes of a record in a packet, with its names in full. */
function sizeOf(rr: Rr): number {
  const bytes = sizes.get(rr) ?? toBytes({ answers: [rr] }).length - headerBytes;
  sizes.set(rr, bytes);
  return bytes;
}

/**
 * Puts groups of records into as few packets as possible. A group is divided only if it is too long for one packet.
 *
 * @param base The common beginning of every packet, such as its questions.
 */
export function pack(groups: readonly (readonly Rr[])[], base: Outgoing = {}): Buffer[] {
  const room = maxPacketBytes - toBytes(base).length;
  const packets: Map<string, Rr>[] = [];
  let free = 0;
  const add = (records: readonly Rr[]): void => {
    let fresh = freshOf(records, packets.at(-1));
    if (packets.length === 0 || bytesOf(fresh) > free) {
      packets.push(new Map());
      free = room;
      fresh = freshOf(records, undefined);
    }
    const packet = packets.at(-1) as Map<string, Rr>;
    free -= bytesOf(fresh);
    for (const rr of records) packet.set(recordKey(rr), longerOf(rr, packet.get(recordKey(rr))));
  };
  for (const group of groups) {
    if (bytesOf(freshOf(group, undefined)) <= room) add(group);
    else for (const rr of group) add([rr]);
  }
  return packets.map((records) => toBytes({ ...base, answers: [...(base.answers ?? []), ...records.values()] }));
}

const recordKey = (rr: Rr): string => {
  const data = rr.type === 'TXT' ? Buffer.concat(rr.data).toString('latin1') : JSON.stringify(rr.data);
  return `${rr.type} ${rr.name} ${data}`;
};
const bytesOf = (records: readonly Rr[]): number => records.reduce((sum, rr) => sum + sizeOf(rr), 0);
/** Each record once, and only those that the packet does not have yet, since the nodes of one host share its address record. */
const freshOf = (records: readonly Rr[], packet: ReadonlyMap<string, Rr> | undefined): readonly Rr[] =>
  [...new Map(records.map((rr) => [recordKey(rr), rr])).entries()].flatMap(([key, rr]) =>
    packet?.has(key) === true ? [] : [rr],
  );
/** A record that several nodes share lives as long as the node that stays longest. */
const longerOf = (rr: Rr, known: Rr | undefined): Rr => (known !== undefined && known.ttl > rr.ttl ? known : rr);

/** Records that are sent together. */
export interface Group {
  /** A packet for each instance, since go-micro reads one instance per packet. */
  readonly alone: boolean;
  readonly records: readonly Rr[];
}

/** The packets of a response. */
export function packResponses(groups: readonly Group[], base: Outgoing = {}): Buffer[] {
  const response = { ...base, response: true };
  const together = groups.filter(({ alone }) => !alone).map(({ records }) => records);
  const apart = groups.filter(({ alone }) => alone);
  return [...pack(together, response), ...apart.flatMap(({ records }) => pack([records], response))];
}

/** Puts questions into as few packets as possible, each with the known answers that fit behind them. */
export function packQuestions(questions: readonly Question[], known: readonly Rr[] = []): Buffer[] {
  const packets: Question[][] = [];
  let free = 0;
  for (const question of questions) {
    const bytes = Buffer.byteLength(question.name) + 6;
    if (packets.length === 0 || bytes > free) {
      packets.push([]);
      free = maxPacketBytes - headerBytes;
    }
    packets.at(-1)?.push(question);
    free -= bytes;
  }
  const last = packets.pop();
  if (last === undefined) return [];
  return [...packets.map((some) => toBytes({ questions: some })), ...packKnown(last, known)];
}

/** Known answers that do not fit follow in further packets; all but the last are marked (RFC 6762, 7.2). */
function packKnown(questions: readonly Question[], known: readonly Rr[]): Buffer[] {
  const first: Rr[] = [];
  let free = maxPacketBytes - toBytes({ questions }).length;
  let taken = 0;
  for (const rr of known) {
    free -= sizeOf(rr);
    if (free < 0) break;
    first.push(rr);
    taken += 1;
  }
  const rest = pack(known.slice(taken).map((rr) => [rr]));
  const marked = rest.map((bytes, index) => (index < rest.length - 1 ? mark(bytes) : bytes));
  return [toBytes({ questions, answers: first, truncated: rest.length > 0 }), ...marked];
}

function mark(bytes: Buffer): Buffer {
  bytes.writeUInt16BE(bytes.readUInt16BE(2) | TRUNCATED_RESPONSE, 2);
  return bytes;
}

/** A datagram, decoded; undefined for junk. */
export function fromBytes(bytes: Buffer): Message | undefined {
  try {
    return toMessage(decode(bytes));
  } catch {
    return undefined;
  }
}
