import type { Logger } from '@rollcall/core';

/** Says nothing: the default of a server inside a program. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
