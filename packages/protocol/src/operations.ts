/** Body of `POST /api/protection/end`. */
export interface EnvRequest {
  /** The environment; other environments are not touched. */
  readonly env: string;
}

/** How many expired instances were evicted. */
export interface ProtectionEndAnswer {
  /** How many left the roll by this call. */
  readonly evicted: number;
}

/** Self-protection of one environment, explained. */
export interface ProtectionStatus {
  /** The environment that the numbers are about. */
  readonly env: string;
  /** Listed, late and expired ones included. */
  readonly instances: number;
  /** Silent for 1.25 of their own intervals. */
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
  /** Renewals of the last 60 s. For people; it decides nothing. */
  readonly renewsLastMinute: number;
  /** By each instance's own interval. */
  readonly renewsExpected: number;
}

/** Data of `GET /api/status`. */
export interface StatusAnswer {
  /** Whether self-protection is configured, not whether it holds now. */
  readonly protection: 'on' | 'off';
  /** A service that is missing may only not have registered again yet. */
  readonly warming: boolean;
  /** Since the server started. */
  readonly uptimeMs: number;
  /** Each environment that has instances or remembers some. */
  readonly environments: readonly ProtectionStatus[];
}
