export { exitCodes } from './exit-codes.ts';
export { main } from './main.ts';
