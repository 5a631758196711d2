import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BackendProcess, findBinary, freePorts, inFull } from '../../../backends/src/index.ts';
import { TokensFile } from '../../../server/test/access/tokens.ts';
import { Fleet } from './fleet.ts';
import { inRepository, textOf } from './repository.ts';
import { type Served, served } from './served.ts';

const run = promisify(execFile);
const rulesFile = 'deploy/prometheus/rollcall.rules.yml';
const testsFile = 'deploy/prometheus/rollcall.rules.test.yml';

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}
interface RuleTests {
  readonly tests: readonly {
    readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly object[] }[];
  }[];
}
interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

const alerts = (parse(textOf(rulesFile)) as Rules).groups.flatMap(({ rules }) => rules);
const panels = (JSON.parse(textOf('deploy/grafana/rollcall.json')) as Dashboard).panels;
const folder = mkdtempSync(join(tmpdir(), 'rollcall-prometheus-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the alert rules', () => {
  it('the alert rules load, and each fires in its own case of the rule tests and in no earlier case', async () => {
    const promtool = await findBinary('promtool');
    expect((await run(promtool, ['check', 'rules', inRepository(rulesFile)])).stdout).toContain(
      `SUCCESS: ${alerts.length} rules found`,
    );
    await run(promtool, ['test', 'rules', inRepository(testsFile)]);
    const cases = (parse(textOf(testsFile)) as RuleTests).tests.flatMap((test) => test.alert_rule_test);
    const fired = cases.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname);
    const silent = cases.filter(({ exp_alerts }) => exp_alerts.length === 0).map(({ alertname }) => alertname);
    for (const { alert } of alerts) expect(fired, alert).toContain(alert);
    for (const { alert } of alerts) expect(silent, alert).toContain(alert);
  });

  it('each alert rule has a chapter that says what the alert means and what to do', () => {
    const page = textOf('docs/running-the-server.md');
    for (const { alert } of alerts) {
      const [, chapter = ''] = page.split(new RegExp(`^### ${alert}$`, 'm'));
      expect(chapter.split(/^###? /m)[0], alert).toMatch(/\*\*Means\*\*.*\*\*Do\*\*/s);
    }
  });
});

/** The rules as they are; the short run turns minutes into seconds, so that the test waits seconds for an alert. */
const rules = inFull
  ? textOf(rulesFile)
  : textOf(rulesFile)
      .replaceAll(/for: (\d+)m/g, 'for: $1s')
      .replaceAll(/\[(\d+)m\]/g, (_, minutes) => `[${5 + Number(minutes)}s]`);

describe('a real Prometheus', () => {
  let server: Served;
  let prometheus: BackendProcess;
  let api = '';
  let token = '';
  const tokens = new TokensFile();

  beforeAll(async () => {
    server = await served('--data-dir', join(folder, 'data'), '--tokens-file', tokens.path);
    writeFileSync(join(folder, 'token'), tokens.add('prometheus', { role: 'read' }));
    token = tokens.add('web', { role: 'write', envs: ['prod'], services: ['web'] });
    server.child.kill('SIGHUP');
    const [file, [port]] = await Promise.all([findBinary('prometheus'), freePorts(1)]);
    writeFileSync(join(folder, 'rules.yml'), rules);
    const every = inFull ? '15s' : '1s';
    writeFileSync(
      join(folder, 'prometheus.yml'),
      JSON.stringify({
        global: { scrape_interval: every, evaluation_interval: every },
        rule_files: ['rules.yml'],
        scrape_configs: [
          {
            job_name: 'rollcall',
            authorization: { credentials_file: join(folder, 'token') },
            static_configs: [{ targets: [server.address] }],
          },
        ],
      }),
    );
    api = `http://127.0.0.1:${port}`;
    prometheus = new BackendProcess({
      file,
      args: (data) => [
        ...[`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${data}`],
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      ready: async () => (await fetch(`${api}/-/ready`)).ok,
    });
    await prometheus.start();
  });
  afterAll(async () => {
    server.child.kill('SIGKILL');
    await prometheus.dispose();
    tokens[Symbol.dispose]();
  });

  const firing = async (): Promise<readonly string[]> => {
    const answer = (await (await fetch(`${api}/api/v1/alerts`)).json()) as {
      readonly data: { readonly alerts: readonly { readonly state: string; readonly labels: { alertname: string } }[] };
    };
    return answer.data.alerts.flatMap(({ state, labels }) => (state === 'firing' ? [labels.alertname] : []));
  };
  const query = async (expr: string): Promise<readonly object[]> => {
    const answer = await (await fetch(`${api}/api/v1/query?query=${encodeURIComponent(expr)}`)).json();
    expect(answer, expr).toMatchObject({ status: 'success' });
    return (answer as { data: { result: object[] } }).data.result;
  };
  const timeout = inFull ? 600_000 : 60_000;

  it(
    'Prometheus scrapes a server that wants a token, and alerts about a killed fleet until the fleet is back',
    async () => {
      const fleet = new Fleet(server.url, token, 6);
      await fleet.start();
      await expect
        .poll(() => query('rollcall_instances{job="rollcall",env="prod"} == 6 and on () rollcall_renewals_total > 0'), {
          timeout,
        })
        .toHaveLength(1);
      expect(await firing()).toEqual([]);
      fleet.kill();
      await expect
        .poll(firing, { timeout })
        .toEqual(expect.arrayContaining(['RollcallProtecting', 'RollcallFleetLost', 'RollcallNoRenewals']));
      const back = new Fleet(server.url, token, 6);
      await back.start();
      await expect.poll(firing, { timeout }).toEqual([]);
      // Each panel of the dashboard must show data about what has just happened.
      for (const { title, targets } of panels)
        for (const { expr } of targets) {
          const asked = expr
            .replaceAll('$__rate_interval', inFull ? '10m' : '1m')
            .replaceAll(/\$(?:instance|env)/g, '.*');
          expect(await query(asked), title).not.toEqual([]);
        }
      back.kill();
    },
    3 * timeout,
  );

  it(
    'Prometheus alerts about a killed server',
    async () => {
      server.child.kill('SIGKILL');
      await expect.poll(firing, { timeout }).toContain('RollcallServerDown');
    },
    3 * timeout,
  );
});
