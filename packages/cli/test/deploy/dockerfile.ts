import { DockerfileParser } from 'dockerfile-ast';
import { textOf } from './repository.ts';

/** The path of the Dockerfile in the repository. */
export const dockerfilePath = 'deploy/docker/Dockerfile';

const instructions = DockerfileParser.parse(textOf(dockerfilePath)).getInstructions();

/** The arguments of every instruction with the keyword, as written. */
export const argumentsOf = (keyword: string): readonly string[] =>
  instructions
    .filter((instruction) => instruction.getKeyword() === keyword)
    .map((instruction) => instruction.getRawArgumentsContent() ?? '');

/** The arguments of `ENTRYPOINT` or `CMD`, which are written as lists. */
export const listOf = (keyword: string): readonly string[] =>
  JSON.parse(argumentsOf(keyword).at(-1) ?? '[]') as string[];

/** The environment variables that the image sets. */
export const environment = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (argumentsOf('ENV')[0] ?? '')
      .replaceAll('\\\n', ' ')
      .split(/\s+/)
      .map((pair) => pair.split('=') as [string, string]),
  );

/** The command that checks whether a container is healthy. */
export const healthCheck = (): readonly string[] =>
  JSON.parse(/CMD (\[.*\])/s.exec(argumentsOf('HEALTHCHECK')[0] ?? '')?.[1] ?? '[]') as string[];
