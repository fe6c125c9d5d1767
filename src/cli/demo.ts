import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../config';
import { useColours } from '../log';
import { projectRoot } from '../project-root';
import { listFiles } from './apply/list-files';
import { createApiClient, type ApiClient } from './client';
import { consoleLink } from './console-link';
import { stopOnSignals } from './dev';
import { startReceiver, type Receiver } from '../dev/demo/receiver';
import { isFiring, postAndWait, post, type PostedAlert } from '../dev/demo/scenario';
import { renderAct } from '../dev/demo/story';
import { createDevStack, type DevInfo, type DevStack } from '../dev/dev-stack';
import { createOutput as createLog, type Say } from '../dev/output';
import { createOutput, type Output } from './print/output';

/** Port to which the automations in `examples/` send requests. */
const EXAMPLE_PORT = 9099;
const EXAMPLE_URL = `http://127.0.0.1:${EXAMPLE_PORT}`;
/** The automation that the demo shows. It posts to `PAGER_PATH`. */
const AUTOMATION = 'Clean up full disks';
const PAGER_PATH = '/pager-of-demo';
/** Duration in seconds that replaces the ten minutes in the example. */
const SHORTENED_SECONDS = 15;
const EXAMPLES = ['automations', join('alerts', 'clean-up-full-disks.yaml')];

/** Configures `fermata demo`. */
export function configure(command: Command): void {
  command
    .option(
      '--ci',
      'exit at the end of the scenario, with exit code 0 only if the effects arrived and the runs succeeded',
    )
    .addHelpText(
      'after',
      `
Starts "fermata dev" and a receiver at ${EXAMPLE_URL}, creates the automations of examples/automations
and the clean-up of full disks of examples/alerts, posts alerts as Alertmanager does, and prints what happened. Then the
service keeps running until Ctrl-C.

Examples:
  fermata demo
  fermata demo --ci
`,
    )
    .action(async ({ ci }: { ci?: true }) => runDemo(ci === true));
}

async function runDemo(ci: boolean): Promise<void> {
  const env = demoEnvironment(process.env);
  const config = loadConfig(env);
  const colours = useColours();
  const say = createLog((text) => process.stdout.write(text), colours);
  const parts: { receiver?: Receiver; done?: true } = {};
  const inner = createDevStack({ config, env, say, colours });
  const stack: DevStack = {
    ...inner,
    async stop() {
      await inner.stop();
      await parts.receiver?.close();
      if (ci && !parts.done) throw new Error('the demo was ended before its scenario finished');
    },
  };
  const asked = stopOnSignals(stack, say);
  try {
    const info = await stack.start();
    parts.receiver = await startReceiver(EXAMPLE_PORT);
    say('fermata', `ready; a receiver listens at ${parts.receiver.url}`);
    const acts = await perform(createApiClient({ url: info.apiUrl, token: info.adminToken }), parts.receiver, say);
    const output = createOutput();
    printStory(acts, info, output);
    parts.done = true;
    // Print the link last, because it is only valid for a minute.
    if (!ci) output.line(`Open the console, signed in once within 60 s: ${await consoleLink(info)}\n`);
    if (!ci) return output.line('The service keeps running. Ctrl-C stops it; the next start resumes here.');
    await stack.stop();
    if (acts.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
  } catch (error) {
    if (asked.stopping) return;
    parts.done = true;
    await stack.stop();
    throw error;
  }
}

/**
 * Returns the environment of the demo. Webhooks may reach the receiver on this machine, which is forbidden by default,
 * and routine logs are hidden.
 */
function demoEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const allowed = [env['FERMATA_EGRESS_ALLOW'], '127.0.0.1'].filter((item) => item !== undefined && item !== '');
  return { ...env, FERMATA_EGRESS_ALLOW: allowed.join(','), LOG_LEVEL: env['LOG_LEVEL'] || 'warn' };
}

async function perform(client: ApiClient, receiver: Receiver, say: Say): Promise<PostedAlert[]> {
  const automationId = await createExamples(client, receiver, say);
  const deps = { client, receiver, automationId };
  const [firing, resolved] = [payload('disk-full-firing.json'), payload('disk-full-resolved.json')];
  for (const disk of [DB_1, DB_2]) {
    if (!(await isFiring(client, disk.fingerprint))) continue;
    say('fermata', `resolving the alert that an earlier demo left on ${disk.instance}`);
    await post(client, payloadFor(resolved, disk));
  }
  say('fermata', 'posting the alert');
  const first = await postAndWait(
    deps,
    { title: 'DiskFull fires on db-1', status: 'waiting' },
    payloadFor(firing, DB_1),
  );
  if (first.failure !== undefined) return [first];
  say('fermata', 'posting the end of the alert');
  const over = { title: 'The alert resolves: nobody is paged', status: 'success', runSince: first.postedAt } as const;
  const second = await postAndWait(deps, over, payloadFor(resolved, DB_1));
  if (second.failure !== undefined) return [first, second];
  say('fermata', 'posting an alert that does not resolve in time');
  const stays = { title: 'DiskFull stays on db-2', status: 'success', effectPath: PAGER_PATH } as const;
  // This alert stays, so that the console shows an alert that is firing. The next demo resolves it first.
  const third = await postAndWait(deps, stays, payloadFor(firing, DB_2));
  return [first, second, third];
}

const Automation = z.looseObject({ id: z.string(), name: z.string() });

/**
 * Creates the examples with the addresses and shorter waits of the demo. Automations that an earlier demo created are
 * not changed, because a person may have edited them. Returns the id of the automation that the demo shows.
 */
async function createExamples(client: ApiClient, receiver: Receiver, say: Say): Promise<string> {
  const pager = await pagerConnection(client, receiver);
  const ids = new Map((await client.list('/automations', Automation)).map(({ name, id }) => [name, id]));
  let created = 0;
  for (const file of listFiles(EXAMPLES.map((path) => join(projectRoot(), 'examples', path)))) {
    const yaml = readFileSync(file, 'utf8')
      .replaceAll(EXAMPLE_URL, receiver.url)
      .replaceAll('channel: PAGER', `channel: ${pager}`)
      .replace('timeout_seconds: 600', `timeout_seconds: ${SHORTENED_SECONDS}`);
    const { name } = z.looseObject({ name: z.string() }).parse(parse(yaml));
    if (ids.has(name)) continue;
    ids.set(name, (await client.send('POST', '/automations', Automation, { body: { yaml } })).id);
    created += 1;
  }
  say('fermata', `created ${created} automations from examples`);
  const automationId = ids.get(AUTOMATION);
  if (automationId === undefined) throw new Error(`Automation "${AUTOMATION}" not found in examples/alerts`);
  return automationId;
}

const Connection = z.looseObject({ id: z.string(), name: z.string() });

/**
 * Creates a connection to the receiver, or updates the connection of an earlier demo to the receiver's current address.
 * Returns its id.
 */
async function pagerConnection(client: ApiClient, receiver: Receiver): Promise<string> {
  const config = { baseUrl: `${receiver.url}${PAGER_PATH}` };
  const known = (await client.list('/connections', Connection)).find(({ name }) => name === 'demo pager');
  const json = { name: 'demo pager', type: 'webhook', config };
  if (known === undefined) return (await client.send('POST', '/connections', Connection, { body: { json } })).id;
  await client.send('PATCH', `/connections/${known.id}`, Connection, { body: { json: { config } } });
  return known.id;
}

interface Disk {
  instance: string;
  fingerprint: string;
}

const DB_1: Disk = { instance: 'db-1', fingerprint: '4d1ac4f5e2b07c11' };
const DB_2: Disk = { instance: 'db-2', fingerprint: '91b3f0c2ad675e08' };

const Texts = z.record(z.string(), z.string());

const Alerts = z.looseObject({
  alerts: z.array(z.looseObject({ status: z.string(), labels: Texts, annotations: Texts })),
});

/**
 * Returns an alert payload for one disk. Firing alerts start now, and resolved alerts end now: an alert that starts
 * before the previous one ended would be treated as an old alert.
 */
function payloadFor(input: unknown, { instance, fingerprint }: Disk): unknown {
  const body = Alerts.parse(input);
  const now = new Date().toISOString();
  return {
    ...body,
    alerts: body.alerts.map((alert) => ({
      ...alert,
      fingerprint,
      labels: { ...alert.labels, instance, system: instance },
      annotations: { ...alert.annotations, summary: `97 % of /var used on ${instance}` },
      ...(alert.status === 'firing' ? { startsAt: now } : { endsAt: now }),
    })),
  };
}

function payload(name: string): unknown {
  return JSON.parse(readFileSync(join(projectRoot(), 'examples', 'payloads', name), 'utf8'));
}

function printStory(
  acts: readonly PostedAlert[],
  { apiUrl, temporalUiUrl, tokenCommand }: DevInfo,
  output: Output,
): void {
  for (const act of acts) output.line(`\n${renderAct(act, output)}`);
  const links: [string, string | null | undefined][] = [
    ...acts.map(({ title, main }): [string, string | null | undefined] => [title, main?.run.webUiUrl]),
    ['Temporal Web UI', temporalUiUrl],
    ['API and its docs', `${apiUrl}/docs`],
    ['token', tokenCommand ?? 'the value of FERMATA_ADMIN_TOKEN'],
  ];
  output.line('\nIn the browser');
  for (const [name, value] of links) if (value != null) output.line(`  ${name.padEnd(22)}  ${value}`);
  output.line('\nOn the command line');
  for (const line of [
    'fermata open console',
    'fermata runs',
    'fermata alerts',
    `fermata automations "${AUTOMATION}"`,
  ]) {
    output.line(`  ${line.replace('fermata', 'npx fermata')}`);
  }
  output.line();
}
