/** Pure: what is asked about instances and hosts. */
import { isDnsName, nameKey, type Question } from '../wire/message.ts';
import type { Sighting } from './sighting.ts';
import type { Open } from './sightings.ts';

/** The same question, to be answered to us alone. */
export const toUsAlone = (question: Question): Question => ({ ...question, unicast: true });

/** Equal for equal questions. */
export const keyOfQuestion = ({ name, type }: Question): string => `${type} ${nameKey(name)}`;

/** Both families, to be answered to us alone. */
const addressesOf = (host: string): readonly Question[] =>
  isDnsName(host)
    ? [
        { name: host, type: 'A', unicast: true },
        { name: host, type: 'AAAA', unicast: true },
      ]
    : [];

/** What a packet leaves open, as questions. */
export const questionsAbout = ({ instances, hosts }: Open): Question[] => [
  ...instances.filter(isDnsName).map((name) => toUsAlone({ name, type: 'ANY' })),
  ...hosts.flatMap(addressesOf),
];

/**
 * The instance itself, and its host where addresses do not come with it. An instance whose label has dots cannot be named in
 * a packet of ours, so all are asked for.
 */
export function questionsFor({ instance, dialect, wantsHost, target }: Sighting): readonly Question[] {
  const named = isDnsName(instance) && dialect.names(instance);
  const about: readonly Question[] = named ? [{ name: instance, type: 'ANY' }] : dialect.questions(undefined);
  return [...about, ...(wantsHost && target !== undefined ? addressesOf(target) : [])];
}
