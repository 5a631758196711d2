/** Body of `POST /api/protection/end`. */
export interface EnvRequest {
  readonly env: string;
}

/** How many expired instances were evicted. */
export interface ProtectionEndAnswer {
  readonly evicted: number;
}

/** Self-protection of one environment, explained. */
export interface ProtectionStatus {
  readonly env: string;
  readonly instances: number;
  readonly late: number;
  /** Expired and still listed because of self-protection. */
  readonly held: number;
  /** As in the rule: silent or evicted in the last five minutes with no newcomer in their place. */
  readonly missing: number;
  /** What `missing` is compared with: N of the rule. */
  readonly considered: number;
  /** Protected while `missing` is above it. */
  readonly threshold: number;
  /** `protected` holds or an expired instance is held. */
  readonly on: boolean;
  /** One sentence for an operator. */
  readonly explanation: string;
  readonly renewsLastMinute: number;
  /** By each instance's own interval. */
  readonly renewsExpected: number;
}

/** Data of `GET /api/status`. */
export interface StatusAnswer {
  readonly protection: 'on' | 'off';
  readonly warming: boolean;
  readonly uptimeMs: number;
  readonly environments: readonly ProtectionStatus[];
}
