// Starts the processes of the story, and waits for their messages.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { root } from '../bootstrap.js';

/** @typedef {{ type: string, id?: string, late?: boolean, reason?: string, at: number, made?: number, failed?: number, answers?: Record<string, number> }} Told */

export class Cast {
  /** @type {Set<import('node:child_process').ChildProcess>} */
  #children = new Set();
  /** @type {Told[]} */
  told = [];
  /** @type {Set<() => void>} */
  #waiting = new Set();

  /** @param {import('node:child_process').ChildProcess} child */
  #add(child) {
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }

  /** Starts the discovery server; returns undefined when the port is taken. @param {number} port */
  async serve(port) {
    const args = [`${root}packages/cli/bin/rollcall.js`, 'serve', '--port', `${port}`, '--json'];
    const child = this.#add(spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true }));
    if (child.stdout === null) return undefined;
    const [line] = await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit').then(() => ['']),
    ]);
    return line === '' ? undefined : new URL(JSON.parse(line).url).host;
  }

  /** @param {string} script @param {string[]} args */
  fork(script, args) {
    // Each process has a group of its own: Ctrl-C in the terminal reaches only the narrator, which ends the rest.
    return this.#add(
      fork(`${root}scripts/story/${script}`, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true }),
    );
  }

  /** @param {import('node:child_process').ChildProcess} consumer */
  listen(consumer) {
    consumer.on('message', (message) => {
      this.told.push(/** @type {Told} */ (message));
      for (const wake of this.#waiting) wake();
    });
  }

  /** Waits for the first message from index `from` on that fits; throws after `ms`. @param {(told: Told) => boolean} fits @param {number} ms @param {number} from @returns {Promise<Told>} */
  async hear(fits, ms, from = 0) {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = this.told.slice(from).find(fits);
      if (found) return found;
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`it was not seen within ${ms / 1000} s`);
      await new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.#waiting.delete(wake);
          resolve(undefined);
        };
        const timer = setTimeout(wake, left);
        this.#waiting.add(wake);
      });
    }
  }

  /** Ends every process of the story. */
  async end() {
    const children = [...this.#children].reverse();
    for (const child of children) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const forced = setTimeout(() => child.kill('SIGKILL'), 3_000);
      await ended;
      clearTimeout(forced);
    }
  }
}
