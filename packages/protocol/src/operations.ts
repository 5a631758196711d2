/** Body of `POST /api/protection/end`. */
export interface EnvRequest {
  /** The environment to end protection in; others stay as they are. */
  readonly env: string;
}

/** How many expired instances were evicted. */
export interface ProtectionEndAnswer {
  /** How many left the roll by this call. */
  readonly evicted: number;
}

/**
 * `disabled`: switched off. `calm`: nothing is held. `protecting`: too many are missing, and nothing is evicted.
 * `waiting`: enough are back, and an expired instance stays listed until two of its own intervals are quiet.
 */
export type ProtectionState = 'disabled' | 'calm' | 'waiting' | 'protecting';

/** The share of one application in the numbers of its environment. */
export interface ApplicationStatus {
  /** The service name. */
  readonly appid: string;
  /** Instances listed now. */
  readonly instances: number;
  /** Instances of the application that were silent for 1.25 of their own intervals. */
  readonly late: number;
  /** The application's part of the environment's `missing`. */
  readonly missing: number;
  /** The application's part of the environment's `considered`. */
  readonly considered: number;
  /** Expired instances of the application that self-protection keeps. */
  readonly held: number;
}

/** An expired instance that self-protection keeps. */
export interface HeldInstance {
  /** The service name. */
  readonly appid: string;
  /** The node id. */
  readonly hostname: string;
  /** Time since the instance's last renewal. */
  readonly silentMs: number;
  /**
   * When the instance may be evicted if nothing changes until then. Milliseconds since the epoch by the server's clock.
   */
  readonly mayGoAt: number;
}

/** Self-protection of one environment, explained. Times are milliseconds since the epoch by the server's clock. */
export interface ProtectionStatus {
  /** The environment that the numbers are about. */
  readonly env: string;
  /** See {@link ProtectionState}. */
  readonly state: ProtectionState;
  /** Listed instances, late and expired ones included. */
  readonly instances: number;
  /** Instances that were silent for 1.25 of their own intervals. */
  readonly late: number;
  /** Instances out of service (status 2). */
  readonly out: number;
  /** Expired instances that are still listed because of self-protection. */
  readonly held: number;
  /** Instances that are silent, or were evicted in the last five minutes, with no newcomer in their place. */
  readonly missing: number;
  /** The number of instances of which a part may be missing: N of the rule. */
  readonly considered: number;
  /** The environment is protected while `missing` is above this number. */
  readonly threshold: number;
  /** Whether the environment is protected, or an expired instance is held. */
  readonly on: boolean;
  /** The time since which self-protection is on; absent while it is off. */
  readonly since?: number;
  /** The state in words, for an operator. */
  readonly explanation: string;
  /** How many of the missing must renew or be replaced before protection ends; 0: it is off. */
  readonly backUntilCalm: number;
  /** When the first expired instance may be evicted if nothing changes until then; absent: none is expired. */
  readonly firstMayGoAt?: number;
  /** Whether any instance renews. While none does, protection evicts none, however long they are silent. */
  readonly heard: boolean;
  /** When the first recently evicted instance stops counting as missing; absent: none was evicted. */
  readonly forgetsAt?: number;
  /** The applications with missing or held instances, the most missing first; at most 50. */
  readonly applications: readonly ApplicationStatus[];
  /** How many more applications there are. */
  readonly moreApplications: number;
  /** The expired instances that are listed, in the order in which they may be evicted; at most 50. */
  readonly heldInstances: readonly HeldInstance[];
  /** How many more held instances there are. */
  readonly moreHeld: number;
  /** Renewals of the last 60 s. For people; it decides nothing. */
  readonly renewsLastMinute: number;
  /** The renewals expected in 60 s, by each instance's own interval. */
  readonly renewsExpected: number;
}

/** Data of `GET /api/status`. */
export interface StatusAnswer {
  /** Whether self-protection is configured, not whether it is on now. */
  readonly protection: 'on' | 'off';
  /** The server is warming: a missing service may still register again. */
  readonly warming: boolean;
  /** Milliseconds since the server started. */
  readonly uptimeMs: number;
  /** Each environment that has instances or remembers evicted ones. */
  readonly environments: readonly ProtectionStatus[];
}
