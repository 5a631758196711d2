/** What is sent and heard here, which programs answer, which records cannot be used, and what to do about the faults. */
import { randomInt } from 'node:crypto';
import type { CallOptions } from '@rollcall/core';
import { type CommonRegistryOptions, type Finding, holdProcess } from '@rollcall/core/adapter';
import { explain } from './mdns-error.ts';
import { type MdnsOptions, parseSettings, type Settings } from './mdns-options.ts';
import { askInterfaces } from './network/interfaces.ts';
import { listen } from './network/listen.ts';
import { type Heard, Network } from './network/network.ts';
import { type Dialect, dnsSdDialect, goMicroDialect } from './seen/dialects.ts';
import { questionsAbout } from './seen/questions.ts';
import { Sightings } from './seen/sightings.ts';
import { Sparing } from './seen/sparing.ts';
import { dnsSdNames } from './wire/dns-sd.ts';
import { type Message, packQuestions, type Question, toBytes } from './wire/message.ts';

const listenMs = 3_000;
/** Interfaces of containers: packets on these do not leave the machine. */
const bridge = /^(?:docker\d|br-|veth|cni|podman)/;

/** Everything that the diagnosis has heard. */
class Notes {
  /** Marks our own question, which comes back when multicast works here. */
  readonly mark: number = randomInt(1, 0xffff);
  /** Packets by link. */
  readonly packets = new Map<string, number>();
  /** Links on which our own question came back, so they have joined the multicast group. */
  readonly echoed = new Set<string>();
  /** Nodes by the address that announced them; without nodes: other programs that speak mDNS. */
  readonly speakers = new Map<string, Set<string>>();
  /** The cache of everything heard, as a registry keeps it. */
  readonly sightings: Sightings;
  readonly #dialects: readonly Dialect[];

  constructor(dialects: readonly Dialect[]) {
    this.#dialects = dialects;
    this.sightings = new Sightings({
      dialectOf: (instance) => this.#dialectOf(instance),
      refuses: () => false,
      watched: () => false,
      changed() {},
    });
  }

  /**
   * Returns the questions that complete what was half heard, so that a record counts as unusable only if it stays so.
   */
  take({ id, answers }: Message, { link, from, direct }: Heard, now: number): readonly Question[] {
    const { key } = link.place;
    if (id === this.mark) this.echoed.add(key);
    else this.packets.set(key, (this.packets.get(key) ?? 0) + 1);
    if (answers.length === 0) return [];
    const [address = ''] = from.address.split('%');
    const nodes = this.speakers.get(address) ?? new Set();
    this.speakers.set(address, nodes);
    for (const rr of answers) {
      if (rr.type !== 'TXT' || rr.ttl === 0) continue;
      const entry = this.#dialectOf(rr.name)?.read(rr.name, rr.data, '0.0.0.0:1')?.entry;
      if (entry !== undefined) nodes.add(`${entry.name} ${entry.node.id}`);
    }
    const hearing = { records: answers, link, from: from.address, direct, now };
    return questionsAbout(this.sightings.hear(hearing));
  }

  #dialectOf(instance: string): Dialect | undefined {
    return this.#dialects.find(({ reads }) => reads(instance));
  }
}

/**
 * Asks and listens for a few seconds, on all interfaces or on `addresses`. `timeoutMs`: how long it listens, 3 s by default.
 *
 * @throws RegistryError `INVALID_ARGUMENT` for a bad option.
 */
export async function* diagnose(
  options: MdnsOptions & CommonRegistryOptions = {},
  { timeoutMs = listenMs, signal }: CallOptions = {},
): AsyncGenerator<Finding, void, undefined> {
  const settings = parseSettings(options);
  const { clock, logger } = settings;
  const dialects = [dnsSdDialect(dnsSdNames(settings.namespace)), goMicroDialect(settings)];
  const notes = new Notes(dialects);
  const sparing = new Sparing();
  const message = (one: Message, heard: Heard): void => {
    const questions = sparing.spare(notes.take(one, heard, clock.now()), clock.now());
    void network.send(packQuestions(questions), 'ask', [heard.link]).catch(() => {});
  };
  const ears = { message, up() {}, down() {} };
  const network = new Network({ interfaces: settings.interfaces, clock, logger, ears });
  const release = holdProcess();
  try {
    const questions = dialects.flatMap((dialect) => dialect.questions(undefined));
    const unicast = questions.map((question) => ({ ...question, unicast: true }));
    await network.open().catch(() => {});
    await network.send([toBytes({ id: notes.mark, questions })]).catch(() => {});
    await network.send([toBytes({ questions: unicast })], 'ask').catch(() => {});
    await listen(clock, timeoutMs, signal ?? new AbortController().signal);
    for (const what of [...linksOf(network, notes), ...speakersOf(notes)]) yield { level: 'ok', what };
    yield* skippedOf(notes);
    yield* findingsOf(network, notes, settings);
  } finally {
    release();
    await network.close();
  }
}

function linksOf(network: Network, notes: Notes): readonly string[] {
  const open = network.links.map(({ place, failure }) => {
    const sent = failure === undefined ? 'sent questions' : 'cannot send';
    const back = notes.echoed.has(place.key) ? 'they came back' : 'they did not come back';
    const heard = `${notes.packets.get(place.key) ?? 0} packets of others heard`;
    return `${place.interface} (IPv${place.family}, ${place.address}): ${failure === undefined ? `${sent}, ${back}` : sent}, ${heard}`;
  });
  const used = new Set(network.links.map(({ place }) => place.interface));
  const others = Object.keys(askInterfaces().interfaces).filter((name) => !used.has(name));
  const unused = others.length === 0 ? [] : [`up, but not used: ${others.join(', ')}`];
  return [...open, ...network.refused, ...unused];
}

function speakersOf({ speakers }: Notes): readonly string[] {
  const own = new Set(
    Object.values(askInterfaces().interfaces).flatMap((infos = []) => infos.map(({ address }) => address)),
  );
  const lines = [...speakers].map(([address, nodes]) => {
    const host = own.has(address) ? `${address} (this machine)` : address;
    const services = new Set([...nodes].map((node) => node.split(' ')[0]));
    return nodes.size === 0
      ? `${host}: speaks mDNS and announces no node of this roll`
      : `${host}: ${nodes.size} ${nodes.size === 1 ? 'node' : 'nodes'} of ${[...services].sort().join(', ')}`;
  });
  return lines.length > 0 ? lines.sort() : ['no other program answered'];
}

const problem = (what: string, remedy: string): Finding => ({ level: 'problem', what, remedy });
const warning = (what: string, remedy: string): Finding => ({ level: 'warning', what, remedy });

/** Records of other programs in a type of ours that no registry can use. */
function* skippedOf({ sightings }: Notes): Generator<Finding> {
  const { count, examples } = sightings.skipped;
  const remedy = 'correct the program that announces it, or leave it: registries skip it';
  for (const { key, reason } of examples) yield warning(`${key} is skipped: ${reason}`, remedy);
  if (count > examples.length) yield warning(`more announcements are skipped: ${count - examples.length}`, remedy);
}

function findingsOf(network: Network, notes: Notes, { interfaces }: Settings): Finding[] {
  const links = network.links.filter(({ failure }) => failure === undefined);
  if (links.length === 0)
    return [
      problem(
        `mDNS cannot work here: ${network.reasons().join('; ')}`,
        'do what each reason says, then run doctor again',
      ),
    ];
  const failed = network.links.flatMap(({ place, failure }) =>
    failure === undefined ? [] : [explain(`${place.interface} (IPv${place.family})`, failure)],
  );
  const findings = [...failed, ...network.refused].map((what) =>
    warning(what, 'the other interfaces work without it; leave it, or name those you want with --registry-address'),
  );
  for (const { place } of links)
    if (!notes.echoed.has(place.key))
      findings.push(
        problem(
          `${place.interface} (IPv${place.family}): what was sent to the group did not come back`,
          'something here drops incoming multicast: allow UDP port 5353 in the firewall of this machine, and multicast on the interface (`ip link set dev NAME multicast on`)',
        ),
      );
  if (links.every(({ place }) => place.loopback)) {
    if (interfaces === undefined)
      findings.push(
        warning('no network interface is up: only this machine is heard', 'connect one; no program needs a restart'),
      );
  } else if (links.every(({ place }) => bridge.test(place.interface)))
    findings.push(
      warning(
        'only interfaces of containers are up, whose packets do not leave this machine',
        'run the container in the network of the host (`--network host`), or use another registry',
      ),
    );
  else if (notes.speakers.size === 0)
    findings.push(
      warning(
        'no program answered',
        'start a service with --registry=mdns on another machine. If one runs: same subnet? a Wi-Fi that isolates its clients, a VPN, a switch that filters multicast (IGMP snooping without a querier), or a firewall there on UDP port 5353?',
      ),
    );
  return findings.sort((a, b) => (a.level === b.level ? 0 : a.level === 'problem' ? -1 : 1));
}
