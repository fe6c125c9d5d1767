import { isDeepStrictEqual } from 'node:util';
import { fixOf, rangeOf } from '../../console/src/screens/editor/findings';
import { createLocalValidator } from '../../console/src/screens/editor/local-validator';
import { remoteFieldAt, yamlScalar } from '../../console/src/screens/editor/remote-options';
import type { Knowledge } from '../../console/src/screens/editor/schema-walk';
import { suggestAt } from '../../console/src/screens/editor/suggest';
import { valueAtPath } from '../../console/src/lib/place';
import { graphOf, outcomesByPlace, outcomeText } from '../../console/src/lib/graph';
import { timeAxis } from '../../console/src/lib/time-axis';
import { startApiHarness, type ApiHarness } from '../integration/api-harness';
import { BROKEN, editorKnowledge, exampleDocuments, findingsOfApi, validatorKnowledge } from './documents';

let api: ApiHarness;
let knowledge: Knowledge;
beforeAll(async () => {
  api = await startApiHarness();
  knowledge = await editorKnowledge(api);
});
afterAll(() => api.end());

const HEAD = `name: a
variables:
  who: someone
triggers:
  - id: down
    event: incident.created
`;
const STEP = `${HEAD}actions:
  - id: open
    action: incident.create
    config: { title: a, severity: minor, systemIds: [x] }
  - action: automation.log
    config:
      message: "`;

/** Editor texts in which `|` marks the cursor. Each is followed by labels that must be among the suggestions. */
const PLACES: readonly (readonly [text: string, ...expected: string[]])[] = [
  // Keys of the document.
  ['|', 'name', 'triggers', 'actions', 'conditions', 'mode', 'variables', 'on_failure'],
  ['na|', 'name'],
  ['name: a\n|', 'triggers', 'description', 'group'],
  ['name: a\ntriggers:\n  - event: incident.created\n|', 'actions', 'max_runs'],
  ['name: a\ntriggers:\n- event: incident.created\n|', 'actions'],
  // Triggers.
  ['triggers:\n  - |', 'event', 'id', 'filter', 'for', 'window', 'config', 'enabled'],
  ['triggers:\n  - ev|', 'event'],
  ['triggers:\n  - event: incident.created\n    |', 'filter', 'for', 'window'],
  ['triggers:\n  - event: |', 'incident.created', 'alert.fired', 'automation.cron'],
  ['triggers:\n  - event: inc|', 'incident.created'],
  ['triggers:\n  - event: "inc|', 'incident.created'],
  ['triggers:\n  - event: automation.cron\n    config:\n      |', 'cronPattern', 'timezone'],
  ['triggers:\n  - event: automation.cron\n    config: { |', 'cronPattern'],
  ['triggers:\n  - event: alert.fired\n    config:\n      |', 'matchers', 'source', 'group_by'],
  ['triggers:\n  - event: automation.numeric_state\n    config:\n      |', 'above', 'below'],
  ['triggers:\n  - event: automation.entity_changed\n    config:\n      kind: |', 'incident', 'health', 'alert'],
  ['triggers:\n  - config:\n      |\n    event: automation.cron', 'cronPattern'],
  ['triggers:\n  - event: incident.created\n    window:\n      |', 'count', 'minutes', 'refire'],
  ['triggers:\n  - event: incident.created\n    window: { count: 3, |', 'minutes', 'partitionBy'],
  ['triggers:\n  - event: incident.created\n    window:\n      refire: |', 'every', 'once'],
  ['triggers:\n  - event: incident.created\n    enabled: |', 'true', 'false'],
  ['triggers:\n  - event: incident.created\n    for:\n      |', 'minutes', 'hours', 'seconds', 'days'],
  ['triggers:\n  - event: incident.created\n  - |', 'event'],
  // Enumerations and references.
  ['mode: |', 'single', 'restart', 'queued', 'parallel'],
  ['mode: q|', 'queued'],
  ['concurrency_scope: |', 'automation', 'context_key'],
  ['max_exceeded: |', 'silent', 'warning'],
  ['group: |', 'on-call'],
  // Steps.
  ['actions:\n  - |', 'action', 'choose', 'parallel', 'delay', 'wait_until', 'wait_for_trigger', 'repeat', 'stop'],
  ['actions:\n  - action: |', 'automation.log', 'incident.create', 'notification.send'],
  ['actions:\n  - action: automation.lo|', 'automation.log'],
  ['actions:\n  - action: automation.log\n    |', 'config', 'id', 'retry', 'continue_on_error', 'timeout_seconds'],
  ['actions:\n  - action: automation.log\n    config:\n      |', 'message'],
  ['actions:\n  - action: automation.log\n    config: { |', 'message'],
  ['actions:\n  - action: incident.create\n    config:\n      title: a\n      |', 'severity', 'systemIds'],
  ['actions:\n  - action: incident.create\n    config:\n      severity: |', 'minor', 'major', 'critical'],
  ['actions:\n  - action: incident.create\n    config: { title: a, severity: |', 'critical'],
  ['actions:\n  - action: automation.log\n    retry:\n      |', 'max_attempts', 'factor'],
  ['actions:\n  - action: automation.log\n    retry: { max_attempts: 3, |', 'initial_seconds'],
  ['actions:\n  - action: automation.log\n    continue_on_error: |', 'true'],
  ['actions:\n  - choose:\n      - |', 'when', 'sequence'],
  ['actions:\n  - choose:\n      - when: a\n        sequence:\n          - |', 'action', 'delay'],
  ['actions:\n  - choose:\n      - when: a\n        sequence:\n          - action: |', 'incident.create'],
  ['actions:\n  - choose: []\n    else:\n      - |', 'action'],
  ['actions:\n  - parallel:\n      - |', 'action', 'sequence'],
  ['actions:\n  - repeat:\n      |', 'sequence', 'count', 'for_each', 'while'],
  ['actions:\n  - repeat:\n      count: 3\n      |', 'sequence', 'max_iterations'],
  ['actions:\n  - wait_until:\n      |', 'condition', 'timeout_seconds'],
  ['actions:\n  - wait_for_trigger:\n      |', 'event', 'timeout_seconds', 'config'],
  ['actions:\n  - wait_for_trigger:\n      event: |', 'incident.resolved'],
  ['actions:\n  - wait_for_trigger:\n      event: automation.event\n      config:\n        |', 'type'],
  ['actions:\n  - delay:\n      |', 'minutes'],
  ['actions:\n  - delay: { |', 'minutes'],
  ['actions:\n  - stop:\n      |', 'reason', 'error'],
  ['on_failure:\n  - |', 'action'],
  ['on_failure:\n  - action: notif|', 'notification.send'],
  // Names of connections, systems and hooks.
  ['actions:\n  - action: integration-jira.create_issue\n    config:\n      connectionId: |', 'Our Jira'],
  ['actions:\n  - action: notification.send\n    config:\n      channel: |', 'Our Jira'],
  ['actions:\n  - action: incident.create\n    config:\n      systemIds:\n        - |', 'checkout'],
  ['triggers:\n  - event: automation.webhook\n    config:\n      hook: |', 'pushes'],
  // Conditions.
  ['conditions:\n  - |', 'numeric_state', 'state', 'time', 'and', 'or', 'not'],
  ['conditions:\n  - time:\n      |', 'after', 'before', 'weekday'],
  ['conditions:\n  - numeric_state:\n      |', 'value', 'above'],
  ['conditions:\n  - and:\n      - |', 'state'],
  [`${HEAD}conditions:\n  - trigger: |`, 'down'],
  // Expressions: roots.
  [`${STEP}{{ |`, 'trigger', 'var', 'artifacts', 'health', 'state', 'now', 'run'],
  [`${STEP}{{ tr|`, 'trigger'],
  [`${HEAD}    filter: |`, 'trigger', 'health'],
  [`${HEAD}    filter: tr|`, 'trigger'],
  // Expressions: members.
  [`${STEP}{{ trigger.|`, 'payload', 'event', 'actor', 'occurredAt'],
  [`${STEP}{{ trigger.payload.|`, 'title', 'severity', 'incidentId', 'systemIds'],
  [`${STEP}{{ trigger.payload.se|`, 'severity'],
  [`${STEP}{{ trigger.actor.|`, 'name', 'id'],
  [`${STEP}{{ var.|`, 'who'],
  [`${STEP}{{ variables.|`, 'who'],
  [`${STEP}{{ artifacts.|`, 'open'],
  [`${STEP}{{ artifacts.open.|`, 'incident'],
  [`${STEP}{{ artifacts.open.incident.|`, 'incidentId'],
  [`${STEP}{{ health.|`, 'system', 'systems'],
  [`${STEP}{{ health.system.|`, 'status', 'in_maintenance', 'latency_ms'],
  [`${STEP}{{ health.systems["db 1"].|`, 'status'],
  [`${STEP}{{ state.|`, 'incident', 'health', 'alert'],
  [`${STEP}{{ state.incident["x"].|`, 'status', 'severity'],
  [`${STEP}{{ run.|`, 'id', 'startedAt'],
  [`${STEP}{{ alerts.firing.|`, 'count', 'items'],
  [`${STEP}{{ repeat.|`, 'index', 'item'],
  [`${STEP}{{ wait.|`, 'completed', 'trigger'],
  [`${HEAD}    filter: trigger.payload.|`, 'severity'],
  [`${HEAD}    filter: 'trigger.payload.severity == "x" && trigger.payload.|`, 'title'],
  [`${HEAD}conditions:\n  - health.system.|`, 'status'],
  [`${HEAD}actions:\n  - wait_until:\n      condition: health.system.|`, 'status'],
  [`${HEAD}actions:\n  - choose:\n      - when: trigger.payload.|`, 'severity'],
  // Filters and secrets.
  [`${STEP}{{ trigger.payload.title | up|`, 'upper'],
  [`${STEP}{{ trigger.payload.title | |`, 'default', 'length', 'json'],
  [`${HEAD}    filter: trigger.payload.title | |`, 'lower'],
  [`${STEP}\${{ secrets.|`, 'PAGER_TOKEN'],
  [
    `${HEAD}actions:\n  - action: automation.log\n    config:\n      message: |-\n        Hello {{ trigger.payload.|`,
    'title',
  ],
];

/**
 * Returns the suggested labels that begin with the typed text. The last `|` marks the cursor. Any others are filter
 * operators in the text.
 */
function labelsAt(marked: string): string[] {
  const offset = marked.lastIndexOf('|');
  const text = marked.slice(0, offset) + marked.slice(offset + 1);
  const { from, options } = suggestAt(text, offset, knowledge);
  const typed = text.slice(from, offset);
  return options.map(({ label }) => label).filter((label) => label.startsWith(typed));
}

it('offers the expected completions at every position', () => {
  const problems = PLACES.flatMap(([text, ...expected]) => {
    const labels = labelsAt(text);
    const missing = expected.filter((label) => !labels.includes(label));
    return missing.length === 0 ? [] : [{ text: text.slice(-60), missing }];
  });
  expect(PLACES.length).toBeGreaterThanOrEqual(80);
  expect(problems).toEqual([]);
});

it('offers no key that the map already has, and no key of another kind of step', () => {
  expect(labelsAt('name: a\n|')).not.toContain('name');
  expect(labelsAt('actions:\n  - delay: { minutes: 1 }\n    |')).not.toContain('config');
});

it('offers artifacts only after the step that produces them', () => {
  const before = `${HEAD}actions:\n  - action: automation.log\n    config: { message: "{{ artifacts.| }}" }\n  - id: open\n    action: incident.create\n`;
  const offset = before.indexOf('| }}');
  const { options } = suggestAt(before.replace('| }}', ' }}'), offset, knowledge);
  expect(options).toEqual([]);
});

describe('values that a connection lists', () => {
  const jira = (config: string) =>
    `${HEAD}actions:\n  - action: integration-jira.create_issue\n    config:\n${config.replaceAll(/^/gm, '      ')}`;
  const fieldAt = (marked: string) => {
    const offset = marked.lastIndexOf('|');
    return remoteFieldAt(marked.slice(0, offset) + marked.slice(offset + 1), offset, knowledge);
  };

  it('are read for the connection of the step, given by name or id, and narrowed by the values entered so far', () => {
    expect(fieldAt(jira('connectionId: Our Jira\nprojectKey: |'))).toMatchObject({ connectionId: 'c-1', given: {} });
    const after = fieldAt(
      jira('connectionId: c-1\nprojectKey: OPS\nsummary: "{{ trigger.payload.title }}"\nissueTypeId: "|'),
    );
    expect(after).toMatchObject({ field: 'issueTypeId', given: { connectionId: 'c-1', projectKey: 'OPS' } });
    expect(fieldAt(jira('{ connectionId: c-1, projectKey: |'))).toMatchObject({ field: 'projectKey' });
  });

  it('are not read without a connection, for other fields or inside templates', () => {
    expect(fieldAt(jira('projectKey: |'))).toBeUndefined();
    expect(fieldAt(jira('connectionId: Gone\nprojectKey: |'))).toBeUndefined();
    expect(fieldAt(jira('connectionId: c-1\nsummary: |'))).toBeUndefined();
    expect(fieldAt(jira('connectionId: c-1\nprojectKey: "{{ var.|'))).toBeUndefined();
    expect(fieldAt(jira('connectionId: c-1\n|'))).toBeUndefined();
  });

  it('are quoted if YAML would read them as another type or as a comment', () => {
    expect(['OPS', '10001', 'yes', '#ops', 'C024BE91L'].map((value) => yamlScalar(value, false))).toEqual([
      ...['OPS', '"10001"', '"yes"', '"#ops"', 'C024BE91L'],
    ]);
    expect(yamlScalar('10001', true)).toBe('10001');
  });
});

it('returns the range of a finding, and a fix that replaces the word according to "Did you mean"', () => {
  const text = 'name: a\ntriggers:\n  - event: incident.craeted\n';
  const message = 'Unknown event "incident.craeted". Did you mean "incident.created"?';
  const finding = { path: 'triggers[0].event', message, code: 'unknown', line: 3, column: 12 };
  const { from, to } = rangeOf(text, finding);
  expect(text.slice(from, to)).toBe('incident.craeted');
  const fix = fixOf(text, finding);
  expect(fix && text.slice(0, fix.from) + fix.insert + text.slice(fix.to)).toBe(text.replace('craeted', 'created'));
});

it('finds a step by its path', () => {
  const definition = { actions: [{ choose: [{ sequence: [{ delay: '5m' }] }] }] };
  expect(valueAtPath(definition, 'actions[0].choose[0].sequence[0]')).toEqual({ delay: '5m' });
  const loop = { actions: [{ repeat: { count: 3, sequence: [{ stop: {} }] } }] };
  expect(valueAtPath(loop, 'actions[0].repeat[2].sequence[0]')).toEqual({ stop: {} });
});

describe('the graph of a definition', () => {
  const log = (id: string) => ({ id, action: 'automation.log', config: { message: id } });

  it('connects the branches of a choose to the next step and the end of a loop to its start, and ends at a stop', () => {
    const { nodes, edges } = graphOf({
      triggers: [{ id: 'down', event: 'incident.created' }],
      actions: [
        {
          choose: [
            { when: 'a == 1', sequence: [{ stop: {} }] },
            { when: 'b', sequence: [log('b')] },
          ],
        },
        { repeat: { count: 3, sequence: [log('each')] } },
      ],
    });
    const connections = edges.map(({ source, target, kind }) => `${source} ${kind} ${target}`);
    expect(nodes.map(({ id }) => id)).toContain('actions[0].choose[0].sequence[0]');
    expect(connections).toEqual([
      'triggers[0] next actions[0]',
      'actions[0] branch actions[0].choose[0]',
      'actions[0].choose[0] next actions[0].choose[0].sequence[0]',
      'actions[0] branch actions[0].choose[1]',
      'actions[0].choose[1] next actions[0].choose[1].sequence[0]',
      'actions[0].choose[1].sequence[0] next actions[1]',
      'actions[0] branch actions[1]',
      'actions[1] next actions[1].repeat.sequence[0]',
      'actions[1].repeat.sequence[0] again actions[1]',
    ]);
  });

  it('shows the failed pass of a loop', () => {
    const steps = ['success', 'failed', 'success'].map((status, pass) => ({
      ...{ path: `actions[0].repeat[${pass}].sequence[0]`, status },
    }));
    expect([...outcomesByPlace(steps)]).toEqual([
      [
        'actions[0].repeat.sequence[0]',
        { status: 'failed', passes: 3, count: 1, path: 'actions[0].repeat[1].sequence[0]' },
      ],
    ]);
  });

  it.each([
    [['success'], 'success'],
    [['success', 'success', 'success'], '3 × success'],
    [['failed', 'failed'], '2 × failed'],
    [['success', 'failed', 'success', 'failed', 'success'], '2 of 5 failed'],
    [['failed', 'success', 'waiting'], '1 of 3 failed'],
    [Array.from({ length: 4_999 }, (_, pass) => (pass % 250 === 37 ? 'failed' : 'success')), '20 of 4,999 failed'],
  ])('counts only the passes of a loop that had the outcome shown (%#)', (statuses, text) => {
    const steps = statuses.map((status, pass) => ({ path: `actions[0].repeat[${pass}].sequence[0]`, status }));
    expect([...outcomesByPlace(steps).values()].map(outcomeText)).toEqual([text]);
  });
});

describe('the time axis of a run', () => {
  it('is linear if there is no long idle time', () => {
    const { place, folds } = timeAxis([0, 1_000, 2_000], 0, 4_000);
    expect([0, 1_000, 2_000, 4_000].map(place)).toEqual([0, 0.25, 0.5, 1]);
    expect(folds).toEqual([]);
  });

  it('folds a long wait so that the steps around it stay visible', () => {
    const { place, folds } = timeAxis([0, 1_000, 3_601_000, 3_602_000], 0, 3_602_000);
    expect(folds.map(({ ms }) => ms)).toEqual([3_600_000]);
    expect(place(1_000)).toBeGreaterThan(0.4);
    expect(place(3_601_000)).toBeCloseTo(place(1_000) + 0.1);
    expect(place(3_602_000)).toBe(1);
  });

  it('folds several long waits of about the same length', () => {
    const { folds } = timeAxis([0, 2_000, 1_802_000, 1_803_000, 4_143_000, 4_144_000], 0, 4_144_000);
    expect(folds.map(({ ms }) => ms)).toEqual([1_800_000, 2_340_000]);
  });

  it('keeps the order of instants', () => {
    const instants = [5, 90_000, 12, 400_000, 90_500, 3];
    const { place } = timeAxis(instants, 0, 500_000);
    const places = [...instants].sort((a, b) => a - b).map(place);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect([place(-5), place(900_000)]).toEqual([0, 1]);
  });
});

describe('findings of the validator in the page', () => {
  it('are the same as those of the API, with the same positions, for examples and broken documents', async () => {
    const validate = createLocalValidator(await validatorKnowledge(api));
    const different: unknown[] = [];
    let withFindings = 0;
    for (const text of [...exampleDocuments(), ...BROKEN]) {
      const ofApi = await findingsOfApi(api, text);
      const ofPage = validate(text);
      if (ofApi.errors.length + ofApi.warnings.length > 0) withFindings += 1;
      if (!isDeepStrictEqual(JSON.parse(JSON.stringify(ofPage)), ofApi)) different.push({ text, ofPage, ofApi });
    }
    expect(withFindings).toBeGreaterThan(BROKEN.length * 0.9);
    expect(different).toEqual([]);
  });
});
