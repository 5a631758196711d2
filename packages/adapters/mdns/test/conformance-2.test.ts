import { conformance } from './lan/conformance.ts';

conformance(1, 2);
