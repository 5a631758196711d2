import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findBinary } from './bring.ts';
import type { HostName, Lan } from './lan.ts';

const busConfig = (path: string): string => `<busconfig><type>system</type><listen>unix:path=${path}</listen>
<auth>EXTERNAL</auth><policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_requested_reply="true" send_type="method_return"/><allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/><allow receive_type="error"/>
<allow receive_type="signal"/><allow send_type="signal"/></policy></busconfig>`;

/** The Avahi daemon on a host of a {@link Lan}, with a message bus of its own. */
export class Avahi {
  readonly #lan: Lan;
  readonly #host: HostName;
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollcall-avahi-'));
  readonly #children: ChildProcess[] = [];

  private constructor(lan: Lan, host: HostName) {
    this.#lan = lan;
    this.#host = host;
  }

  static async on(lan: Lan, host: HostName): Promise<Avahi> {
    const avahi = new Avahi(lan, host);
    const folder = avahi.#folder;
    writeFileSync(join(folder, 'bus.conf'), busConfig(join(folder, 'bus')));
    writeFileSync(join(folder, 'avahi.conf'), '[server]\nhost-name=avahi\nuse-ipv6=no\n');
    const bus = avahi.#start(await findBinary('dbus-daemon'), [
      '--config-file',
      join(folder, 'bus.conf'),
      '--nofork',
      '--print-address',
    ]);
    await once(bus.stdout as NodeJS.ReadableStream, 'data');
    const daemon = await findBinary('avahi-daemon');
    const options = `--no-drop-root --no-rlimits --no-chroot -f '${join(folder, 'avahi.conf')}'`;
    // Avahi has fixed paths for its user, its socket and its process id, so it gets files that only it sees.
    for (const file of ['passwd', 'group'])
      writeFileSync(
        join(folder, file),
        `${readFileSync(`/etc/${file}`, 'utf8')}avahi:x:70:${file === 'passwd' ? '70::/:/bin/false' : ''}\n`,
      );
    const own = ['passwd', 'group'].map((file) => `mount --bind '${join(folder, file)}' /etc/${file}`).join(' && ');
    const run = avahi.#start('sh', ['-c', `${own} && mount -t tmpfs tmpfs /run && exec '${daemon}' ${options}`]);
    await said(run, /Server startup complete/);
    return avahi;
  }

  /** `avahi-browse -rtp` of a type: one line for each record that it resolved. */
  async browse(type: string): Promise<readonly string[]> {
    const [file, args] = this.#lan.command(this.#host, await findBinary('avahi-browse'), ['-rtp', type]);
    const { stdout } = await promisify(execFile)(file, args, { env: this.#env });
    return stdout.split('\n').filter((line) => line.startsWith('='));
  }

  /** Runs `avahi-publish -s` and reports its output until it is killed. */
  async publish(
    name: string,
    type: string,
    port: number,
    ...txt: readonly string[]
  ): Promise<{ said(pattern: RegExp): Promise<string>; kill(): void }> {
    const child = this.#start(await findBinary('avahi-publish'), ['-s', name, type, `${port}`, ...txt]);
    return { said: (pattern) => said(child, pattern), kill: () => child.kill() };
  }

  async dispose(): Promise<void> {
    for (const child of this.#children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #env(): NodeJS.ProcessEnv {
    return { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${join(this.#folder, 'bus')}` };
  }

  #start(file: string, args: readonly string[]): ChildProcess {
    const [ip, all] = this.#lan.command(this.#host, file, args);
    const child = spawn(ip, all, { stdio: ['ignore', 'pipe', 'pipe'], env: this.#env });
    this.#children.push(child);
    return child;
  }
}

/** Resolves with the whole output, once that matches. */
function said(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      text += chunk;
      if (pattern.test(text)) resolve(text);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => reject(new Error(`it ended, having said: ${text}`)));
  });
}
