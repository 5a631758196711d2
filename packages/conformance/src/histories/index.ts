export { checkHistories, playHistories } from './check-histories.ts';
export type { HistoryClock, HistoryOptions } from './history-options.ts';
export { type Rule, rules, Violation } from './violation.ts';
