import { DockerfileParser } from 'dockerfile-ast';
import { textOf } from './repository.ts';

/** Where it is. */
export const dockerfilePath = 'deploy/docker/Dockerfile';

const instructions = DockerfileParser.parse(textOf(dockerfilePath)).getInstructions();

/** The arguments of every instruction of a kind, as written. */
export const argumentsOf = (keyword: string): readonly string[] =>
  instructions
    .filter((instruction) => instruction.getKeyword() === keyword)
    .map((instruction) => instruction.getRawArgumentsContent() ?? '');

/** `ENTRYPOINT` or `CMD`, which are lists. */
export const listOf = (keyword: string): readonly string[] =>
  JSON.parse(argumentsOf(keyword).at(-1) ?? '[]') as string[];

/** What the image sets. */
export const environment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (argumentsOf('ENV')[0] ?? '')
      .replaceAll('\\\n', ' ')
      .split(/\s+/)
      .map((pair) => pair.split('=') as [string, string]),
  );

/** The command that says whether a container is healthy. */
export const healthCheck = (): readonly string[] =>
  JSON.parse(/CMD (\[.*\])/s.exec(argumentsOf('HEALTHCHECK')[0] ?? '')?.[1] ?? '[]') as string[];
