import type { Logger } from '../contract.ts';

/** Libraries log nothing by default. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };
