import type { ServicesAnswer } from '@rollcall/protocol';
import type { View } from '../../access/caller.ts';
import type { Instance } from '../../roll/instance.ts';
import type { InstanceRef } from '../../roll/instance-ref.ts';
import type { PublishedRoll } from '../../roll/published-roll.ts';

type Service = ServicesAnswer['services'][number];

/** The names of one env, and the services that have changed since. */
interface Known {
  readonly services: Map<string, Service>;
  readonly changed: Set<string>;
}

/** The services with a node that can be called, and their versions. After a change it looks only at the changed service. */
export class ServiceNames {
  readonly #roll: PublishedRoll;
  readonly #envs = new Map<string, Known>();

  constructor(roll: PublishedRoll) {
    this.#roll = roll;
  }

  changed({ env, service }: InstanceRef): void {
    this.#envs.get(env)?.changed.add(service);
  }

  /** Forgets all names, because this follower may have missed a change. */
  forget(): void {
    this.#envs.clear();
  }

  of(env: string, view: View): readonly Service[] {
    const { services, changed } = this.#envs.get(env) ?? this.#begin(env);
    for (const name of changed) put(services, name, this.#roll.instances(env, name));
    changed.clear();
    // The env lists nothing any more, so it is forgotten.
    if (services.size === 0) this.#envs.delete(env);
    const all = [...services.values()];
    return view.key === '' ? all : all.filter(({ appid }) => view.sees(appid));
  }

  #begin(env: string): Known {
    const byService = new Map<string, Instance[]>();
    for (const instance of this.#roll.instances(env)) {
      const instances = byService.get(instance.service);
      if (instances === undefined) byService.set(instance.service, [instance]);
      else instances.push(instance);
    }
    const services = new Map<string, Service>();
    for (const [name, instances] of byService) put(services, name, instances);
    const known = { services, changed: new Set<string>() };
    this.#envs.set(env, known);
    return known;
  }
}

function put(services: Map<string, Service>, name: string, instances: readonly Instance[]): void {
  const versions = new Set(instances.filter(isListed).map(({ version }) => version));
  if (versions.size === 0) services.delete(name);
  else services.set(name, { appid: name, versions: [...versions] });
}

/** A service is listed only for an instance that a reader can make a node of. */
const isListed = ({ status, isUsable }: Instance): boolean => status === 'up' && isUsable;
