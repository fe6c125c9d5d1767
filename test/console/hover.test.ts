import { describeAt } from '../../console/src/screens/editor/hover';
import type { Knowledge } from '../../console/src/screens/editor/schema-walk';
import { startApiHarness, type ApiHarness } from '../integration/api-harness';
import { editorKnowledge } from './documents';

let api: ApiHarness;
let knowledge: Knowledge;
beforeAll(async () => {
  api = await startApiHarness();
  knowledge = await editorKnowledge(api);
});
afterAll(() => api.end());

it('explains keys, values and the next times of a cron pattern', () => {
  const text =
    'mode: queued\ntriggers:\n  - event: automation.cron\n    config: { cronPattern: "0 9 * * 1", timezone: UTC }\n';
  expect(describeAt(text, 2, knowledge)?.lines.join(' ')).toContain(
    'What happens to a new run while another one is active',
  );
  expect(describeAt(text, text.indexOf('automation.cron'), knowledge)?.lines.join(' ')).toContain('cron');
  expect(describeAt(text, text.indexOf('0 9'), knowledge)?.lines.join(' ')).toMatch(
    / At 09:00, only on Monday\. Next \(UTC\): .* · .* · /,
  );
  const both = text.replace('0 9 * * 1', '0 9 1 * 1');
  expect(describeAt(both, both.indexOf('0 9'), knowledge)?.lines).toContain(
    'At 09:00, on day 1 of the month, or on Monday.',
  );
});

it('explains an event or action only with its own description, and counts choices if there are too many', () => {
  const lines = (text: string, of: string) => describeAt(text, text.indexOf(of), knowledge)?.lines;
  const trigger = 'triggers:\n  - event: alert.fired\n';
  expect(lines(trigger, 'alert.fired')).toEqual(['An alert began to fire: a new episode.']);
  const action = 'actions:\n  - action: incident.create\n';
  expect(lines(action, 'incident.create')).toEqual([
    knowledge.actions.find(({ id }) => id === 'incident.create')?.description,
  ]);
  expect(lines(action.replace('incident.create', 'none'), 'none')?.join(' ')).toMatch(/ or one of \d+ more\.$/);
});

it('lists the next times of a cron pattern in its own time zone', () => {
  const text =
    'triggers:\n  - event: automation.cron\n    config: { cronPattern: "30 9 * * 1", timezone: Asia/Tokyo }\n';
  const next = describeAt(text, text.indexOf('30 9'), knowledge)?.lines.find((line) => line.startsWith('Next'));
  expect(next).toMatch(/^Next \(Asia\/Tokyo\): (Mon.*09:30:00 · ){2}Mon.*09:30:00$/);
});

it('lists the next time of a cron pattern that fires once a year', () => {
  const month = ((new Date().getUTCMonth() + 6) % 12) + 1;
  const text = `triggers:\n  - event: automation.cron\n    config: { cronPattern: "30 9 1 ${month} *", timezone: UTC }\n`;
  const next = describeAt(text, text.indexOf('30 9'), knowledge)?.lines.find((line) => line.startsWith('Next'));
  expect(next).toMatch(/^Next \(UTC\): [^·]*09:30:00$/);
});

it('explains gates with their values', () => {
  const explain = (gate: string) => {
    const text = `triggers:\n  - event: alert.fired\n    ${gate}\nactions:\n  - delay: 90s\n`;
    return describeAt(text, text.indexOf(gate), knowledge)?.lines.join(' ');
  };
  expect(explain('for: 5m')).toContain('must hold for 5 min without interruption');
  expect(explain('for:\n      hours: 1\n      minutes: 30')).toContain('must hold for 1 h 30 min without');
  expect(explain('for: { template: "{{ x }}" }')).toContain('must hold for this long without');
  expect(explain('window: { count: 3, minutes: 10 }')).toContain(
    'The automation starts after 3 events within 10 min. Each further event starts it again while the rate continues.',
  );
  expect(explain('window: { count: 3, minutes: 10, refire: once, partitionBy: trigger.payload.host }')).toContain(
    'Further events do not start it again until the rate has dropped. Events are counted separately for each value of trigger.payload.host.',
  );
  expect(explain('window:')).toContain('when this number of events occurs within this number of minutes');
  const delayed = 'actions:\n  - delay: 90s\n';
  expect(describeAt(delayed, delayed.indexOf('delay'), knowledge)?.lines.join(' ')).toContain('1 min 30 s');
});

const DOCUMENT = `name: Page
variables: { who: someone }
triggers:
  - id: fired
    event: alert.fired
    filter: 'trigger.payload.labels.alertname == "alertname" && trigger.payload.severity != null'
  - id: created
    event: incident.created
    filter: trigger.payload.title | upper | truncate(20) == "A"
conditions:
  - health.system.status != "healthy"
  - state.incident["INC 1"].severity == "critical"
  - 'health.systems["checkout"].success_rate < 0.9'
actions:
  - id: open
    action: incident.create
    config: { title: "{{ trigger.payload.startsAt }}", severity: minor, systemIds: [x] }
  - variables:
      made: "{{ artifacts.open.incident.incidentId }}"
  - action: automation.log
    config:
      message: |
        {{ var.who }} {{ variables.made | default("who", true) }} {{ repeat.index }} {{ alerts.firing.count }}
  - action: automation.log
    config: { message: "{{ artifacts.later.x }} {{ var.none }} {{ health.systems[\\"checkout\\"].status }} {{ wait.trigger.payload.title }}" }
  - id: later
    wait_for_trigger:
      event: incident.resolved
      filter: trigger.payload.incidentId == artifacts.open.incident.incidentId
`;

describe('hover inside expressions', () => {
  /** Returns the hover text for the last character of the name between the two bars. */
  const explain = (marked: string) => {
    const [before = '', name = ''] = marked.split('¦');
    const at = DOCUMENT.indexOf(before + name);
    if (at < 0) throw new Error(`Not in the document: ${before}${name}`);
    const found = describeAt(DOCUMENT, at + before.length + name.length - 1, knowledge);
    return found && [found.title, ...found.lines];
  };

  it('shows the type of a value in the payload of a trigger, and the event with this payload', () => {
    expect(explain("filter: '¦trigger")).toEqual(['trigger', 'The event that started the run.', 'Type: map.']);
    expect(explain("filter: 'trigger.¦payload")).toEqual([
      'trigger.payload',
      'Type: map.',
      'From the payload of alert.fired.',
    ]);
    expect(explain('labels.¦alertname')).toEqual([
      'trigger.payload.labels.alertname',
      'Type: text.',
      'From the payload of alert.fired.',
    ]);
    expect(explain('== "¦alertname')?.[0]).toBe('filter');
    expect(explain('{{ trigger.payload.¦startsAt')?.at(-1)).toBe('Only in the payload of alert.fired.');
    expect(explain('filter: trigger.payload.¦incidentId')?.at(-1)).toBe('From the payload of incident.resolved.');
    expect(explain('wait.trigger.payload.¦title')?.at(-1)).toBe('From the payload of incident.resolved.');
  });

  it('explains filters with their parameters', () => {
    expect(explain('| ¦truncate')).toEqual([
      'value | truncate(length)',
      'The first characters of a string and "…" when it is longer.',
    ]);
    expect(explain('| ¦upper')).toEqual(['value | upper', 'The string in upper case.']);
    expect(explain('| ¦default')?.[0]).toMatch(/^value \| default\(/);
  });

  it('explains health, states and the other root names by their schemas', () => {
    expect(explain('health.system.¦status')).toEqual([
      'health.system.status',
      'Health of the system that this run is about.',
      'Current status; a system without results is healthy.',
      'Type: healthy | degraded | unhealthy.',
    ]);
    expect(explain('state.¦incident')?.[2]).toBe('Written as state.incident["<id>"].<field>.');
    expect(explain('state.incident["¦INC')).toEqual([
      'state.incident["INC 1"]',
      'Live state of the incident INC 1, or null if it does not exist.',
    ]);
    expect(explain('state.incident["INC 1"].¦severity')?.[1]).toMatch(/^Type: .*critical/);
    expect(explain(`'health.systems["¦checkout`)).toEqual([
      'health.systems.checkout',
      'Health of the system checkout (Checkout).',
      'Type: map.',
    ]);
    expect(explain('systems["checkout"].¦success_rate')?.join(' ')).toContain('Type: number | null.');
    expect(explain('[\\"checkout\\"].¦status')?.[0]).toBe('health.systems.checkout.status');
    expect(explain('repeat.¦index')?.[1]).toBe('Number of the iteration, from 0.');
    expect(explain('alerts.firing.¦count')?.[2]).toBe('Type: number.');
  });

  it('names the step that produces an artifact or sets a variable', () => {
    expect(explain('artifacts.¦open')).toEqual([
      'artifacts.open',
      'Produced by the step open (incident.create).',
      'It produces artifacts.open.incident.',
    ]);
    expect(explain('made: "{{ artifacts.open.incident.¦incidentId')?.at(-1)).toBe(
      'Produced by the step open (incident.create).',
    );
    expect(explain('{{ artifacts.¦later')?.[1]).toContain('No earlier step with the id later produces an artifact');
    expect(explain('{{ var.¦who')).toEqual(['var.who', 'Set in the variables of the document: someone']);
    expect(explain('{{ variables.¦made')?.[1]).toMatch(/^Set by the step actions\[1\]: /);
    expect(explain('{{ var.¦none')?.[1]).toBe('Neither the `variables` of the document nor any step sets it.');
  });

  it('explains the keys around expressions, but no text literals inside them', () => {
    expect(explain('¦message: |')?.[0]).toBe('message');
    expect(explain('action: ¦incident.create')?.[0]).toBe('action');
    expect(explain('default("¦who')).toBeUndefined();
  });
});
