/** Pure: what is asked about instances and hosts. */
import { isDnsName, nameKey, type Question } from '../wire/message.ts';
import type { Sighting } from './sighting.ts';
import type { Open } from './sightings.ts';

/** The question, asked for an answer to this host alone. */
export const toUsAlone = (question: Question): Question => ({ ...question, unicast: true });

/** A text that is equal for equal questions. */
export const keyOfQuestion = ({ name, type }: Question): string => `${type} ${nameKey(name)}`;

/** Questions for both families, with the answer to this host alone. */
const addressesOf = (host: string): readonly Question[] =>
  isDnsName(host)
    ? [
        { name: host, type: 'A', unicast: true },
        { name: host, type: 'AAAA', unicast: true },
      ]
    : [];

/** The questions that a packet leaves open. */
export const questionsAbout = ({ instances, hosts }: Open): Question[] => [
  ...instances.filter(isDnsName).map((name) => toUsAlone({ name, type: 'ANY' })),
  ...hosts.flatMap(addressesOf),
];

/**
 * Questions for the instance itself, and for its host where the addresses do not come with it. Our packets cannot name
 * an instance whose label has dots, so all are asked for.
 */
export function questionsFor({ instance, dialect, wantsHost, target }: Sighting): readonly Question[] {
  const named = isDnsName(instance) && dialect.names(instance);
  const about: readonly Question[] = named ? [{ name: instance, type: 'ANY' }] : dialect.questions(undefined);
  return [...about, ...(wantsHost && target !== undefined ? addressesOf(target) : [])];
}
