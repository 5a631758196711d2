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

/**
 * `disabled`: switched off; `calm`; `waiting`: not protected, and an expired instance is listed until two quiet
 * intervals of its own are over; `protecting`: too many are missing, and none is evicted.
 */
export type ProtectionState = 'disabled' | 'calm' | 'waiting' | 'protecting';

/** What one application adds to the numbers of its environment. */
export interface ApplicationStatus {
  readonly appid: string;
  /** Listed now. */
  readonly instances: number;
  readonly late: number;
  readonly missing: number;
  readonly considered: number;
  readonly held: number;
}

/** An expired instance that self-protection keeps. */
export interface HeldInstance {
  readonly appid: string;
  readonly hostname: string;
  /** Since its last renewal. */
  readonly silentMs: number;
  /** When it may be evicted if nothing changes until then. Milliseconds since the epoch by the server's clock. */
  readonly mayGoAt: number;
}

/** Self-protection of one environment, explained. Times are milliseconds since the epoch by the server's clock. */
export interface ProtectionStatus {
  /** The environment that the numbers are about. */
  readonly env: string;
  readonly state: ProtectionState;
  /** Listed, late and expired ones included. */
  readonly instances: number;
  /** Silent for 1.25 of their own intervals. */
  readonly late: number;
  /** With status 2. */
  readonly out: number;
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
  /** Since when it is on; absent: it is not. */
  readonly since?: number;
  /** For an operator. */
  readonly explanation: string;
  /** How many of the missing must renew or be replaced before protection ends; 0: it is off. */
  readonly backUntilCalm: number;
  /** When the first expired instance may be evicted if nothing changes until then; absent: none is expired. */
  readonly firstMayGoAt?: number;
  /** Some instance renews. While none does, protection evicts none, however long they are silent. */
  readonly heard: boolean;
  /** When the first of those that were evicted lately stops counting as missing; absent: none was. */
  readonly forgetsAt?: number;
  /** Those that miss or hold an instance, the most missing first; at most 50. */
  readonly applications: readonly ApplicationStatus[];
  /** How many more there are. */
  readonly moreApplications: number;
  /** The expired that are listed, those first that may go first; at most 50. */
  readonly heldInstances: readonly HeldInstance[];
  /** How many more there are. */
  readonly moreHeld: number;
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
