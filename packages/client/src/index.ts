export type * from './contract.ts';
export type * from './options.ts';
export type * from './picking.ts';
