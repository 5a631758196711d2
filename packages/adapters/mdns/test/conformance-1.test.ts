import { conformance } from './lan/conformance.ts';

conformance(0, 2);
