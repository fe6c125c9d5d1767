import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValidatorKnowledge } from '../../console/src/screens/editor/local-validator';
import type { Knowledge } from '../../console/src/screens/editor/schema-walk';
import { projectRoot } from '../../src/project-root';
import { BASE, type ApiHarness } from '../integration/api-harness';

const EXAMPLES = ['automations', 'alerts', 'guides'];

const HEAD = `name: Page on call
triggers:
  - id: down
    event: incident.created
`;
const STEPS = `actions:
  - id: open
    action: incident.create
    config: { title: a, severity: minor, systemIds: [checkout] }
`;
const trigger = (text: string) => `name: a\ntriggers:\n  - ${text}\nactions:\n  - stop: {}\n`;
const step = (text: string) => `${HEAD}actions:\n  - ${text}\n`;
const message = (text: string) =>
  `${HEAD}${STEPS}  - action: automation.log\n    config: { message: ${JSON.stringify(text)} }\n`;

/** Documents that contain one mistake each. */
export const BROKEN: readonly string[] = [
  // Invalid text.
  ...['', '# nothing', '[]', 'text', 'a: 1\n---\nb: 2\n', 'name: [', 'name: "a', '{', `${HEAD}\tactions: []\n`],
  ...['name: a\nname: b\n', 'name: !secret a\n', 'name: *missing\n', '<<: {name: a}\n', 'name: a\nstatus: on\n'],
  `${HEAD}${STEPS}status: disabled\n`,
  `${HEAD}${STEPS}status: paused\nmode: singel\n`,
  // Structure.
  ...['name: 5\n', 'name: ""\n', 'triggers: []\n', 'name: a\nactions: {}\n', `${HEAD}actions: []\n`, HEAD],
  `${HEAD}${STEPS}acitons: []\n`,
  `${HEAD}${STEPS}mode: quued\n`,
  `${HEAD}${STEPS}max_runs: 0\n`,
  `${HEAD}${STEPS}max_runs: many\n`,
  `${HEAD}${STEPS}alias: a\n`,
  `${HEAD}${STEPS}variables: [a]\n`,
  `- id: a\n  alias: b\n`,
  // Triggers.
  ...['event: incident.craeted', 'event: nothing.like_this', 'event: 5', 'config: {}', 'platform: state'].map(trigger),
  ...['event: template', 'event: healthcheck.flapping_detected', 'event: healthcheck.system.degraded'].map(trigger),
  trigger('event: automation.cron'),
  trigger('event: automation.cron\n    config: { cronPattern: "61 * * * *" }'),
  trigger('event: automation.cron\n    config: { cronPattern: "* * * * *", timezone: Europe/Berln }'),
  trigger('event: automation.cron\n    config: { cronPattern: "0 0 30 2 *" }'),
  trigger('event: automation.cron\n    config: { cronPatern: "* * * * *" }'),
  trigger('event: automation.interval\n    config: { intervalSeconds: 0 }'),
  trigger('event: automation.interval\n    config: { intervalSeconds: "5" }'),
  trigger('event: automation.numeric_state\n    config: { above: 5, below: 3 }'),
  trigger('event: automation.numeric_state\n    config: { field: latency_ms, above: high }'),
  trigger('event: automation.entity_changed\n    config: { kind: incidnet }'),
  trigger('event: automation.entity_changed\n    config: { kind: incident, to: open }'),
  trigger('event: automation.entity_changed\n    config: { kind: incident }\n    for: { minutes: 5 }'),
  trigger('event: automation.webhook\n    config: { hook: unknown }'),
  trigger(`event: alert.fired\n    config: { matchers: ['severity=~"a("'] }`),
  trigger(`event: alert.fired\n    config: { matchers: 'severity="a"' }`),
  trigger('event: alert.fired\n    config: { group_by: [] }'),
  trigger('event: incident.created\n    config: { severity: major }'),
  trigger('event: incident.created\n    for: { minutes: 5 }'),
  trigger('event: healthcheck.system_degraded\n    for: 5'),
  trigger('event: healthcheck.system_degraded\n    for: { minuts: 5 }'),
  trigger('event: incident.created\n    window: { count: 0, minutes: 5 }'),
  trigger('event: incident.created\n    window: { count: 3 }'),
  trigger('event: incident.created\n    filter: trigger.payload.severty == "major"'),
  trigger('event: incident.created\n    filter: trigger.payload.severity == "majr"'),
  trigger('event: incident.created\n    filter: "trigger.payload.severity =="'),
  trigger('event: incident.created\n    filter: trigger.payload.title | uper'),
  trigger('event: incident.created\n    filter: !trigger.payload.title'),
  trigger('event: incident.created\n    filter: triger.payload.title'),
  trigger('event: incident.created\n    filter: 5'),
  `name: a\ntriggers:\n  - id: x\n    event: incident.created\n  - id: x\n    event: incident.resolved\n${STEPS}`,
  // Conditions.
  `${HEAD}conditions:\n  - numeric_state: { value: trigger.payload.count }\n${STEPS}`,
  `${HEAD}conditions:\n  - numeric_sate: { value: a, above: 3 }\n${STEPS}`,
  `${HEAD}conditions:\n  - state: { kind: incidnet, id: a, field: status, equals: open }\n${STEPS}`,
  `${HEAD}conditions:\n  - time: { after: "25:00" }\n${STEPS}`,
  `${HEAD}conditions:\n  - trigger: up\n${STEPS}`,
  `${HEAD}conditions:\n  - health.sytem.status == "healthy"\n${STEPS}`,
  `${HEAD}conditions:\n  - and: health.system.status == "healthy"\n${STEPS}`,
  // Steps.
  ...['action: automation.lgo', 'action: nothing.at_all', 'action: 5', 'service: light.on', 'delays: 5m'].map(step),
  ...['delay: 5', 'delay: "5x"', 'delay: { minutes: many }', 'stop: { reson: a }', 'parallel: []'].map(step),
  step('delay: { minutes: 1 }\n    action: automation.log'),
  step('action: automation.log'),
  step('action: automation.log\n    config: { mesage: a }'),
  step('action: automation.log\n    config: { message: [a] }'),
  step('action: automation.log\n    config: a'),
  step('action: automation.log\n    config: { message: a }\n    retry: { max_attempts: 0 }'),
  step('action: automation.log\n    config: { message: a }\n    timeout_seconds: 0'),
  step('action: incident.create\n    config: { title: a, severity: sever, systemIds: [x] }'),
  step('action: incident.create\n    config: { severity: minor, systemIds: x }'),
  step('action: notification.send\n    config: { channel: nobody, title: a }'),
  step('action: integration-jira.create_issue\n    config: { connectionId: nobody, projectKey: OPS, summary: a }'),
  step('action: integration-webhook.send\n    config: { url: "${{ secrets.NOTHING }}" }'),
  step('action: automation.log\n    config: { message: "${{ secrets.PAGER }}" }'),
  step('repeat: { count: 5000, sequence: [{ stop: {} }] }'),
  step('repeat: { sequence: [{ stop: {} }] }'),
  step('choose: [{ sequence: [{ stop: {} }] }]'),
  step('choose: [{ when: "a ==", sequence: [{ stop: {} }] }]'),
  step('wait_until: health.system.sttus == "healthy"'),
  step('wait_until: { condition: "true", timeout_seconds: -1 }'),
  step('wait_for_trigger: { event: automation.cron, config: { cronPattern: "* * * * *" } }'),
  step('wait_for_trigger: { event: incident.resolve }'),
  step('wait_for_trigger: { event: alert.fired, poll_seconds: 5 }'),
  step('wait_for_trigger: [{ event: incident.resolved }, { event: incident.resolved }]'),
  // Templates.
  ...[
    '{{ trigger.payload.titel }}',
    '{{ trigger.payload.title',
    '{{ var.nobody }}',
    '{{ artifacts.opn.incident.id }}',
  ].map(message),
  ...['{{ artifacts.open.incident.titel }}', '{{ artifacts.open.isue.id }}', '{{ state.incidnet["a"].status }}'].map(
    message,
  ),
  ...['{{ alerts.firing.cuont }}', '{{ 1 + }}', '{{ a b }}', '{{ trigger.actor.nme }}', '{{ "a" | truncate( }}'].map(
    message,
  ),
  `${HEAD}actions:\n  - action: automation.log\n    config: { message: "{{ artifacts.open.incident.incidentId }}" }\n`,
  `${HEAD}${STEPS}  - id: open\n    stop: {}\n`,
  `${HEAD}actions:\n  - stop: {}\n  - action: automation.log\n    config: { message: never }\n`,
];

/** Returns the contents of the example files. */
export function exampleDocuments(): string[] {
  const folders = EXAMPLES.map((name) => join(projectRoot(), 'examples', name));
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => readFileSync(join(folder, name), 'utf8')),
  );
}

/**
 * Returns the data that the editor reads from the API for its completions and hover texts, with invented connections,
 * secrets, hooks, systems and groups.
 */
export async function editorKnowledge(api: ApiHarness): Promise<Knowledge> {
  const items = async <T>(path: string) => (await api.call('GET', `${BASE}${path}`)).body['items'] as T[];
  const scope = (await api.call('GET', `${BASE}/schema/scope`)).body as { health: Knowledge['health'] };
  return {
    schema: (await api.call('GET', `${BASE}/schema/automation`)).body,
    triggers: await items('/triggers'),
    actions: await items('/actions'),
    filters: await items('/filters'),
    kinds: await items('/entity-kinds'),
    health: scope.health,
    connections: [{ id: 'c-1', name: 'Our Jira', type: 'jira' }],
    connectionTypes: await items('/connection-types'),
    secrets: ['PAGER_TOKEN'],
    hooks: ['pushes'],
    systems: [{ id: 'checkout', name: 'Checkout' }],
    groups: ['on-call'],
  };
}

/**
 * Returns the data that the editor reads from the API for its validator, for an installation without connections,
 * hooks, secrets or custom kinds.
 */
export async function validatorKnowledge(api: ApiHarness): Promise<ValidatorKnowledge> {
  const read = async (path: string) => (await api.call('GET', `${BASE}${path}`)).body;
  const items = async <T>(path: string) => (await read(path))['items'] as T[];
  const scope = (await read('/schema/scope')) as unknown as ValidatorKnowledge['scope'];
  const plugins = {
    triggers: await items('/triggers'),
    actions: await items('/actions'),
    kinds: Object.keys(scope.kinds),
  };
  return {
    ...{ plugins: plugins as ValidatorKnowledge['plugins'], scope, filters: await items('/filters'), customKinds: {} },
    ...{ connections: [], hooks: [], secrets: [] },
  };
}

interface Findings {
  errors: unknown[];
  warnings: unknown[];
}

/** Returns the API's findings for a YAML document. */
export async function findingsOfApi(api: ApiHarness, text: string): Promise<Findings> {
  const headers = { 'Content-Type': 'application/yaml' };
  const { body } = await api.call('POST', `${BASE}/automations/validate`, { body: text, headers });
  const { errors, warnings } = body as unknown as Findings;
  return { errors, warnings };
}
