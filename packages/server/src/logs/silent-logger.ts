import type { Logger } from '@rollcall/core';

/** Logs nothing: the default of a server inside another program. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
