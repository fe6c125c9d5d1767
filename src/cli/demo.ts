import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { loadConfig } from '../config';
import { useColours } from '../log';
import { projectRoot } from '../project-root';
import { applyAutomations } from './apply/apply-files';
import { readAutomationFile } from './apply/automation-files';
import { listFiles } from './apply/list-files';
import { createApiClient, type ApiClient } from './client';
import { stopOnSignals } from './dev';
import { startReceiver, type Receiver } from '../dev/demo/receiver';
import { isInTrouble, play, type Act } from '../dev/demo/scenario';
import { renderAct } from '../dev/demo/story';
import { createDevStack, type DevInfo, type DevStack } from '../dev/dev-stack';
import { createOutput as createLog, type Say } from '../dev/output';
import { createOutput, type Output } from './print/output';

/** Where the automations of `examples/` send to. */
const EXAMPLE_PORT = 9099;
const EXAMPLE_URL = `http://127.0.0.1:${EXAMPLE_PORT}`;
/** The automation that the demo is about, and where its effect arrives. */
const AUTOMATION = 'Alert opens an incident';
const EFFECT_PATH = '/chat';
const SYSTEM = 'checkout';

/** `fermata demo` */
export function configure(command: Command): void {
  command
    .option('--ci', 'end by itself: exit code 0 only if the effects arrived and the runs succeeded')
    .addHelpText(
      'after',
      `
Starts what "fermata dev" starts and a receiver at ${EXAMPLE_URL}, applies examples/automations, posts a real alert of
Alertmanager and its end, and tells what happened. Then the service stays up until Ctrl-C.

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
      if (ci && !parts.done) throw new Error('the demo was ended before it had shown anything');
    },
  };
  const asked = stopOnSignals(stack, say);
  try {
    const info = await stack.start();
    parts.receiver = await startReceiver(EXAMPLE_PORT);
    say('fermata', `ready; a receiver listens at ${parts.receiver.url}`);
    const acts = await perform(createApiClient({ url: info.apiUrl, token: info.adminToken }), parts.receiver, say);
    const output = createOutput();
    tell(acts, info, output);
    parts.done = true;
    if (!ci) return output.line('The service stays up; Ctrl-C stops it, the next start resumes here.');
    await stack.stop();
    if (acts.some(({ failure }) => failure !== undefined)) process.exitCode = 1;
  } catch (error) {
    if (asked.stopping) return;
    parts.done = true;
    await stack.stop();
    throw error;
  }
}

/** The receiver is on this machine, which webhooks may not reach by themselves; the story is told without routine logs. */
function demoEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const allowed = [env['FERMATA_EGRESS_ALLOW'], '127.0.0.1'].filter((item) => item !== undefined && item !== '');
  return { ...env, FERMATA_EGRESS_ALLOW: allowed.join(','), LOG_LEVEL: env['LOG_LEVEL'] || 'warn' };
}

async function perform(client: ApiClient, receiver: Receiver, say: Say): Promise<Act[]> {
  const read = listFiles([join(projectRoot(), 'examples', 'automations')]).map((file) =>
    readAutomationFile(file, readFileSync(file, 'utf8').replaceAll(EXAMPLE_URL, receiver.url)),
  );
  const errors = read.flatMap((each) => each.errors);
  const { results } = await applyAutomations(
    client,
    read.flatMap(({ found }) => found),
    { errors },
  );
  say('fermata', `applied ${results.length} automations of examples/automations`);
  const automationId = results.find(({ name }) => name === AUTOMATION)?.id;
  if (automationId == null) throw new Error(`examples/automations has no automation called "${AUTOMATION}"`);

  const deps = { client, receiver, automationId, effectPath: EFFECT_PATH };
  const firing = payload('alertmanager-firing.json');
  const resolved = payload('alertmanager-resolved.json');
  if (await isInTrouble(client, SYSTEM)) {
    say('fermata', `resolving the alert that an earlier demo left on ${SYSTEM}`);
    await play(deps, '', resolved);
  }
  say('fermata', 'posting the alert');
  const first = await play(deps, 'An alert fires', firing);
  if (first.failure !== undefined) return [first];
  say('fermata', 'posting its end');
  return [first, await play(deps, 'The alert is resolved', resolved)];
}

function payload(name: string): unknown {
  return JSON.parse(readFileSync(join(projectRoot(), 'examples', 'payloads', name), 'utf8'));
}

function tell(acts: readonly Act[], { apiUrl, temporalUiUrl, tokenCommand }: DevInfo, output: Output): void {
  for (const act of acts) output.line(`\n${renderAct(act, output)}`);
  const links: [string, string | null | undefined][] = [
    ...acts.map(({ title, main }): [string, string | null | undefined] => [title, main?.run.webUiUrl]),
    ['Temporal Web UI', temporalUiUrl],
    ['API and its docs', `${apiUrl}/docs`],
    ['token', tokenCommand ?? 'the value of FERMATA_ADMIN_TOKEN'],
  ];
  output.line('\nLook at it');
  for (const [name, value] of links) if (value != null) output.line(`  ${name.padEnd(22)}  ${value}`);
  output.line('\nOn the command line');
  for (const line of ['fermata runs', `fermata automations "${AUTOMATION}"`, 'fermata entity get health']) {
    output.line(`  ${line.replace('fermata', 'npx fermata')}`);
  }
  output.line();
}
