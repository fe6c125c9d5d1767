import { readYaml } from '../../domain/definition/yaml';
import { validateDefinition } from '../../domain/definition/validate';
import { loadKnown, type KnownKinds } from '../known';
import { importAutomation, notesIn } from './automation';
import { readAutomations, UnreadableFile, writeAutomation } from './files';
import { expressionOfTemplate } from './jinja';
import { NotImported } from './not-imported';

let known: KnownKinds;
beforeAll(async () => {
  known = await loadKnown();
});

/** Returns the documents that `text` is translated to. Each must pass Fermata's validation. */
function imported(text: string) {
  const hasAction = (name: string) => known.registry.action(name) !== undefined;
  return readAutomations(text).map((written) => {
    const one = importAutomation(written, { kind: 'home_assistant', hasAction });
    const yaml = writeAutomation(one);
    const [document] = readYaml(yaml);
    const { status, ...definition } = document?.value as Record<string, unknown>;
    expect({ yaml, errors: [...(document?.errors ?? []), ...validateDefinition(definition, known).errors] }).toEqual({
      yaml,
      errors: [],
    });
    const left = [...one.notes, ...notesIn(one.document)].map(({ reason }) => reason);
    return { yaml, status, definition: definition as Record<string, never>, left };
  });
}

// Examples from https://www.home-assistant.io/docs/automation/yaml/, /docs/automation/trigger/, /docs/scripts/ and
// /docs/scripts/conditions/
const MOTION = `
- id: '1600000000001'
  alias: Motion light
  description: Turn on the hall light
  mode: restart
  max_exceeded: silent
  triggers:
    - trigger: state
      entity_id: binary_sensor.hall_motion
      from: 'off'
      to: 'on'
    - trigger: state
      entity_id: [light.kitchen, light.hall]
      to: on
      for: "00:05:00"
      id: lit
  conditions:
    - condition: numeric_state
      entity_id: sensor.illuminance
      below: 50
    - condition: or
      conditions:
        - condition: time
          after: "22:00:00"
          before: "06:00"
          weekday: [mon, tue]
        - "{{ is_state('input_boolean.away', 'on') }}"
    - condition: trigger
      id: lit
  actions:
    - action: light.turn_on
      target: { entity_id: light.hall }
    - delay: "00:02:00"
    - wait_template: "{{ states('binary_sensor.hall_motion') == 'off' }}"
      timeout: { minutes: 10 }
    - if: "{{ trigger.to_state.state == 'on' }}"
      then: [{ event: hall_lit, event_data: { by: "{{ trigger.entity_id }}" } }]
      else: [{ stop: nobody there }]
`;

describe('fermata import home-assistant', () => {
  it('translates what has an equivalent, and adds comments with the original and the reason for the rest', () => {
    const [one] = imported(MOTION);
    expect(one?.definition).toMatchObject({
      ...{ name: 'Motion light', description: 'Turn on the hall light', mode: 'restart', max_exceeded: 'silent' },
      triggers: [
        {
          id: 'binary_sensor_hall_motion',
          event: 'automation.entity_changed',
          config: { kind: 'home_assistant', id: 'binary_sensor.hall_motion', field: 'state', from: 'off', to: 'on' },
        },
        { id: 'lit', config: { id: 'light.kitchen', to: 'on' }, for: '00:05:00' },
        { id: 'lit_2', config: { id: 'light.hall' } },
      ],
      conditions: [
        { numeric_state: { value: 'state.home_assistant["sensor.illuminance"].state', below: 50 } },
        {
          or: [
            { time: { after: '22:00:00', before: '06:00', weekday: ['mon', 'tue'] } },
            'state.home_assistant["input_boolean.away"].state == "on"',
          ],
        },
        { trigger: ['lit', 'lit_2'] },
      ],
      actions: [
        { delay: '00:02:00' },
        {
          wait_until: {
            condition: 'state.home_assistant["binary_sensor.hall_motion"].state == "off"',
            ...{ timeout_seconds: 600, continue_on_timeout: true },
          },
        },
        {
          choose: [
            {
              when: 'trigger.payload.next.state == "on"',
              sequence: [
                {
                  action: 'automation.emit_event',
                  config: { type: 'hall_lit', data: { by: '{{ trigger.payload.id }}' } },
                },
              ],
            },
          ],
          else: [{ stop: { reason: 'nobody there' } }],
        },
      ],
    });
    expect(one).toMatchObject({ status: 'disabled', left: [expect.stringContaining('light.turn_on') as string] });
    expect(one?.yaml).toContain('# Home Assistant id: 1600000000001');
    expect(one?.yaml).toMatch(
      /# Not imported: the action "light.turn_on" belongs to Home Assistant.*\n *# {3}action: light.turn_on\n/,
    );
  });

  it('enables an automation if nothing is left out, unless it was disabled', () => {
    const text = (more: string) => `
alias: Nightly
${more}
trigger: { platform: time, at: "03:30:00" }
action: [{ service: system_log.write, data: { message: "night {{ states('sensor.t') | float(0) > 20 }}", level: critical } }]
`;
    const [[on], [off]] = [imported(text('mode: single')), imported(text('initial_state: false'))];
    expect(on).toMatchObject({ status: undefined, left: [] });
    expect(off).toMatchObject({ status: 'disabled', left: [] });
    expect(on?.definition).toMatchObject({
      triggers: [{ event: 'automation.cron', config: { cronPattern: '30 3 * * *' } }],
      actions: [
        {
          action: 'automation.log',
          config: {
            level: 'error',
            message: 'night {{ (state.home_assistant["sensor.t"].state | from_json | default(0)) > 20 }}',
          },
        },
      ],
    });
  });

  it('translates triggers by time, number, event and webhook, and adds comments for those by sun and template', () => {
    const [one] = imported(`
automation:
  alias: Triggers
  triggers:
    - { trigger: time_pattern, minutes: "/5" }
    - { trigger: time_pattern, hours: "*", minutes: 0, seconds: 30 }
    - { trigger: time, at: ["07:00:15", "19:00"], weekday: [sat, sun] }
    - { trigger: numeric_state, entity_id: sensor.power, above: 10, below: "20.5" }
    - { trigger: event, event_type: deploy, event_data: { service: shop, ok: true } }
    - { trigger: webhook, webhook_id: shop-hook, local_only: true }
    - { trigger: sun, event: sunset, offset: "-00:30:00" }
    - { trigger: template, value_template: "{{ is_state('a.b', 'on') }}" }
    - { trigger: state, entity_id: climate.bath, attribute: current_temperature, not_to: [unknown] }
    - { trigger: state, entity_id: vacuum.robot, enabled: false }
  actions: []
`);
    const triggers = one?.definition['triggers'] as unknown as Record<string, unknown>[];
    expect(triggers.map(({ config }) => config)).toEqual([
      { cronPattern: '*/5 * * * *' },
      { cronPattern: '30 0 * * * *' },
      { cronPattern: '15 0 7 * * SAT,SUN' },
      { cronPattern: '0 19 * * SAT,SUN' },
      { kind: 'home_assistant', id: 'sensor.power', field: 'state' },
      { type: 'deploy' },
      { hook: 'shop-hook' },
      { kind: 'home_assistant', id: 'climate.bath', field: 'attributes.current_temperature' },
      { kind: 'home_assistant', id: 'vacuum.robot' },
    ]);
    expect(triggers[4]?.['filter']).toContain('trigger.payload.next.state > 10 && trigger.payload.next.state < 20.5');
    expect(triggers[5]?.['filter']).toBe(
      'trigger.payload.data["service"] == "shop" && trigger.payload.data["ok"] == true',
    );
    expect(triggers[8]?.['enabled']).toBe(false);
    expect(one?.left).toHaveLength(2);
    expect(one?.yaml).toContain('offset: -00:30:00');
  });

  it('translates choose, repeat, parallel, waits, variables and shorthand conditions', () => {
    const [one] = imported(`
- alias: Steps
  triggers: [{ trigger: event, event_type: go }]
  variables: { room: hall, level: "{{ states('sensor.level') }}" }
  actions:
    - alias: Which
      choose:
        - conditions: "{{ trigger.event.data.kind == 'a' and not is_state('lock.door', ['locked', 'locking']) }}"
          sequence: { delay: 5 }
        - conditions: [{ condition: sun, after: sunset }]
          sequence: [{ delay: { seconds: 1, milliseconds: 500 } }]
      default: [{ delay: { template_seconds: 1 } }]
    - repeat: { count: "{{ level | int }}", sequence: [{ variables: { at: "{{ repeat.index }} of {{ room }}" } }] }
    - repeat: { for_each: [one, two], sequence: [{ event: "said_{{ repeat.item }}" }] }
    - repeat: { while: [{ condition: state, entity_id: a.b, state: 'on', for: { minutes: 5 } }, "{{ repeat.index < 3 }}"], sequence: [] }
    - repeat: { until: "{{ wait.completed }}", sequence: [] }
    - parallel:
        - { delay: { hours: 1 } }
        - sequence: [{ delay: "{{ level | int * 60 }}" }]
        - { scene: scene.movie }
    - wait_for_trigger:
        - { trigger: event, event_type: answered }
        - { trigger: state, entity_id: light.hall, to: 'off' }
      timeout: "00:10:00"
      continue_on_timeout: false
    - wait_for_trigger: { trigger: time, at: "10:00" }
    - "{{ level | int > 3 }}"
    - and: [{ condition: state, entity_id: [a.b, c.d], state: ['x', 'y'], match: any }, { not: ["{{ false }}", "{{ true }}"] }]
    - { stop: "enough {{ room }}", error: true, enabled: "{{ room == 'hall' }}" }
    - { action: automation.log, data: { message: kept }, continue_on_error: true }
`);
    const actions = one?.definition['actions'] as unknown as Record<string, unknown>[];
    expect(actions.map((step) => Object.keys(step).at(-1))).toEqual(
      [
        ...['choose', 'repeat', 'repeat', 'repeat', 'repeat', 'parallel', 'wait_for_trigger', 'condition', 'condition'],
        ...['stop', 'config'],
      ].map((kind, index) => (index === 0 ? 'else' : kind)),
    );
    expect(actions[0]).toMatchObject({
      description: 'Which',
      choose: [
        {
          when: '(trigger.payload.data.kind == "a") && !(state.home_assistant["lock.door"].state in ["locked", "locking"])',
          sequence: [{ delay: { seconds: 5 } }],
        },
        { when: false, sequence: [{ delay: { seconds: 1.5 } }] },
      ],
      else: [],
    });
    expect(actions[1]).toMatchObject({
      repeat: {
        count: 'variables.level | from_json | round',
        sequence: [{ variables: { at: '{{ repeat.index + 1 }} of {{ variables.room }}' } }],
      },
    });
    expect(actions[2]).toMatchObject({ repeat: { for_each: '["one","two"]' } });
    expect(actions[6]).toMatchObject({
      wait_for_trigger: {
        triggers: [{ event: 'automation.event', context_key: '*' }, { event: 'automation.entity_changed' }],
        ...{ timeout_seconds: 600, continue_on_timeout: false },
      },
    });
    expect(actions[9]).toMatchObject({
      ...{ enabled: 'variables.room == "hall"', stop: { reason: 'enough {{ variables.room }}', error: true } },
    });
    expect(one?.left).toHaveLength(4);
  });

  it('reads configurations with labels, and does not treat a tagged value as text', () => {
    const all = imported(
      `
homeassistant: { name: Home }
automation manual:
  - alias: Hook
    triggers: [{ trigger: webhook, webhook_id: !secret hook }]
    actions: [{ event: x, event_data: { token: !secret token } }]
automation: !include automations.yaml
automation ui:
  - { alias: From a blueprint, use_blueprint: { path: motion.yaml, input: { a: 1 } } }
`.replace('automation: !include automations.yaml\n', ''),
    );
    expect(all.map(({ left }) => left.length)).toEqual([2, 1]);
    expect(all[0]?.yaml).toContain('!secret hook');
    expect(all[0]?.definition['triggers']).toEqual([expect.objectContaining({ id: 'none', enabled: false })]);
  });

  it('expands aliases and merge keys, as Home Assistant does', () => {
    const [, two] = imported(`
- alias: One
  triggers: &triggers
    - { trigger: state, entity_id: light.kitchen, to: 'on' }
  actions:
    - &pause { delay: '00:00:05', alias: Pause }
- alias: Two
  triggers: *triggers
  actions:
    - *pause
    - { <<: *pause, alias: Longer pause }
    - { <<: [*pause, { delay: '00:00:09', enabled: false }] }
`);
    expect(two?.left).toEqual([]);
    expect(two?.definition['triggers']).toHaveLength(1);
    expect(two?.definition['actions']).toEqual([
      { description: 'Pause', delay: '00:00:05' },
      { description: 'Longer pause', delay: '00:00:05' },
      { description: 'Pause', delay: '00:00:05', enabled: false },
    ]);
  });

  it('keeps a merge key that Home Assistant fills from another file as a note', () => {
    const [one] = imported(`
- alias: Shared
  triggers: [{ trigger: webhook, webhook_id: x }]
  actions: [{ delay: 5 }]
  <<: !include shared.yaml
`);
    expect(one?.left).toEqual(['"<<" has no counterpart']);
  });

  it('refuses aliases that have no anchor, contain themselves or expand to too many values', () => {
    expect(() => readAutomations('- actions: *missing')).toThrow('The alias "*missing" has no anchor "&missing"');
    expect(() => readAutomations('- &a { actions: [*a] }')).toThrow('The alias "*a" contains itself');
    const levels = Array.from({ length: 7 }, (_, n) => `  - &l${n + 1} [${Array(10).fill(`*l${n}`).join(', ')}]`);
    const text = ['- alias: x', '  actions:', '  - &l0 [1, 1, 1]', ...levels].join('\n');
    expect(() => readAutomations(text)).toThrow(UnreadableFile);
  });

  it('refuses text that is not YAML, and documents without automations', () => {
    expect(() => readAutomations('a: [')).toThrow(UnreadableFile);
    expect(() => readAutomations('sensor: []')).toThrow('The file contains no automations.');
    expect(() => readAutomations('- just a text')).toThrow('Entry 1');
  });

  it.each([
    ['{{ states.sensor.t.state | float > 25.5 }}', '(state.home_assistant["sensor.t"].state | from_json) > 25.5'],
    [
      "state_attr('climate.x', 'hvac mode') != None",
      'state.home_assistant["climate.x"].attributes["hvac mode"] != null',
    ],
    ["is_state_attr('a.b', 'c', 1)", 'state.home_assistant["a.b"].attributes.c == 1'],
    ["'a' if trigger.id == 'x' else 'b'", '(trigger.id == "x") ? "a" : "b"'],
    ["trigger.from_state.attributes['x y'] is defined", 'trigger.payload.prev.attributes["x y"] != null'],
    ['trigger.to_state is none', null],
    ["states('a.b') not in ['on', 'off']", '!(state.home_assistant["a.b"].state in ["on", "off"])'],
    ["known | default('x') | upper == 'X'", '((variables.known | default("x")) | upper) == "X"'],
    ['now().hour > 5', null],
    ['unknown_name', null],
    ["'a' ~ 'b'", null],
    ['{% if true %}1{% endif %}', null],
    ["states('a.b') | regex_match('x')", null],
    ["states(entity) == 'on'", null],
  ])('translates %s to %s', (template, expected) => {
    const names = { kind: 'home_assistant', variables: new Set(['known']) };
    if (expected === null) expect(() => expressionOfTemplate(template, names)).toThrow(NotImported);
    else expect(expressionOfTemplate(template, names)).toBe(expected);
  });
});
