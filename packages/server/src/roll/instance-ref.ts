/** Names an instance. */
export interface InstanceRef {
  readonly env: string;
  /** The name of the instance's service. */
  readonly service: string;
  /** The node id. */
  readonly id: string;
}

/** One string for a key. NUL occurs in none of the three. */
export const keyOf = ({ env, service, id }: InstanceRef): string => `${env}\0${service}\0${id}`;

/** Only the fields that name the instance. */
export const refOf = ({ env, service, id }: InstanceRef): InstanceRef => ({ env, service, id });
