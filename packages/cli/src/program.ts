import type { ProgramPlace } from '@rollcall/service';

/** Arguments and environment of the command's process, read once. */
export const program: { readonly env: NodeJS.ProcessEnv; readonly place: ProgramPlace } = {
  env: process.env,
  place: { entry: process.argv[1], cwd: process.cwd() },
};
