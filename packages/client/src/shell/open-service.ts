/** A service under one selection, from which calls pick. */
import type { RandomBelow } from '../picking.ts';
import type { NodeState } from '../rule/node-state.ts';
import { Picker } from '../select/picker.ts';
import { buildView, type Selecting, type View } from '../select/view.ts';
import { pickChannel } from './diagnostics.ts';
import type { FollowedService } from './followed-service.ts';
import { MissingNodeError } from './no-node.ts';

/** Builds its view on demand, when the nodes have changed, so that a dropped selection costs nothing more. */
export class OpenService {
  readonly followed: FollowedService;
  readonly #selecting: Selecting;
  readonly #picker: Picker;
  #serial = -1;

  constructor(followed: FollowedService, selecting: Selecting, random: RandomBelow) {
    this.followed = followed;
    this.#selecting = selecting;
    this.#picker = new Picker(random);
  }

  get view(): View {
    if (this.#serial !== this.followed.serial) {
      this.#serial = this.followed.serial;
      this.#picker.view = buildView(this.followed.sorted(), this.#selecting, this.#picker.view);
    }
    return this.#picker.view;
  }

  get hasNode(): boolean {
    return this.view.tree !== undefined;
  }

  /** Whether a node of the first tier can be picked, so that a call has nothing to wait for. */
  get isReady(): boolean {
    return this.view.isUp;
  }

  /** Whether there are nodes, none of them proven, and probes under way that may prove one. */
  get isProving(): boolean {
    const { isUp, isOut, tree } = this.view;
    return tree !== undefined && !isUp && !isOut && this.followed.asking > 0;
  }

  /** Picks a node; undefined: there is none. */
  choose(key: string | undefined, tried: ReadonlySet<string> | undefined): NodeState | undefined {
    if (this.#serial !== this.followed.serial) void this.view;
    const state = this.#picker.pick(key, this.followed.nowMs, tried);
    if (state !== undefined && pickChannel.hasSubscribers)
      pickChannel.publish({ service: this.followed.name, node: state.node, key });
    return state;
  }

  /** Why there is nothing to pick. */
  noNode(): MissingNodeError {
    const { rule, hasBeenSynced, error, name } = this.followed;
    if (rule.board.states.size > 0) return new MissingNodeError(name, 'unmatched');
    return hasBeenSynced ? new MissingNodeError(name, 'unregistered') : new MissingNodeError(name, 'unknown', error);
  }
}
