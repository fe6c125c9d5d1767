import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/os/free-port';
import { until } from './until';

const PROMETHEUS = process.env['PROMETHEUS'] ?? '/usr/bin/prometheus';
const ALERTMANAGER = process.env['ALERTMANAGER'] ?? '/usr/bin/prometheus-alertmanager';

const isInstalled = existsSync(PROMETHEUS) && existsSync(ALERTMANAGER);

/**
 * Runs a suite only if Prometheus and Alertmanager are installed. In CI, the suite always runs, and fails if they are
 * missing.
 */
export const describeWithPrometheus = isInstalled || process.env['CI'] === 'true' ? describe : describe.skip;

/** A server that was started for a test. */
export interface MonitoringServer {
  url: string;
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until it is ready.
 * @throws {Error} if the program exits first (the message contains its output), cannot be started, or is not ready
 * after `allowedMs(60_000)`
 */
async function startServer(
  program: string,
  { config, more = {}, flags }: { config: string; more?: Record<string, string>; flags: (port: number) => string[] },
): Promise<MonitoringServer> {
  const directory = await mkdtemp(join(tmpdir(), 'fermata-monitoring-'));
  for (const [name, text] of Object.entries({ 'config.yml': config, ...more })) {
    await writeFile(join(directory, name), text);
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(program, flags(port), { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer) => (output = (output + chunk.toString('utf8')).slice(-20_000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  let failure: Error | undefined;
  child.on('error', (error) => (failure = error));
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await until(
    `${program} answers`,
    async () => {
      if (failure) throw failure;
      if (child.exitCode !== null) throw new Error(`${program} ended:\n${output}`);
      return fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    },
    60_000,
  );
  return {
    url,
    async stop() {
      child.kill('SIGKILL');
      await gone;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The webhook that an Alertmanager sends its alerts to. */
export interface AlertmanagerOptions {
  /** URL of the webhook that receives the alerts. If absent, no alerts are sent. */
  webhook?: string;
  token?: string;
}

/** Starts an Alertmanager that sends groups immediately and repeats them every second. */
export function startAlertmanager({ webhook, token = '' }: AlertmanagerOptions = {}): Promise<MonitoringServer> {
  const receiver =
    webhook === undefined
      ? '  - name: fermata\n'
      : `  - name: fermata
    webhook_configs:
      - url: ${webhook}
        send_resolved: true
        http_config: { authorization: { credentials: ${token} } }
`;
  return startServer(ALERTMANAGER, {
    config: `route: { receiver: fermata, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 1s }
receivers:
${receiver}`,
    flags: (port) => [
      ...['--config.file=config.yml', '--storage.path=data', '--cluster.listen-address='],
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  });
}

interface PrometheusOptions {
  /** Rule groups as Prometheus YAML. Prometheus evaluates them every second. */
  rules: string;
  /** `host:port` of the target that the job `node` scrapes every second. */
  target: string;
  alertmanagers: readonly MonitoringServer[];
}

/** Starts a Prometheus that evaluates rules on the samples that it scrapes, and sends alerts to Alertmanagers. */
export function startPrometheus({ rules, target, alertmanagers }: PrometheusOptions): Promise<MonitoringServer> {
  const targets = alertmanagers.map(({ url }) => `'${new URL(url).host}'`).join(', ');
  return startServer(PROMETHEUS, {
    config: `global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [rules.yml]
scrape_configs: [{ job_name: node, static_configs: [{ targets: ['${target}'] }] }]
alerting: { alertmanagers: [{ static_configs: [{ targets: [${targets}] }] }] }
`,
    more: { 'rules.yml': rules },
    flags: (port) => [
      ...['--config.file=config.yml', '--storage.tsdb.path=data', '--rules.alert.resend-delay=1s'],
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  });
}
