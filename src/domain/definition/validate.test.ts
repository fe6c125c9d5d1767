import type { Finding } from '../errors';
import { testRegistry } from './registry.fixture';
import { UNSUPPORTED } from './supported';
import { validateDefinition, validateYaml, type ValidationOptions } from './validate';

const EVERYTHING = { kinds: [], triggerKeys: [], onFailure: false };
type Options = Partial<ValidationOptions>;
const validate = (document: unknown, options: Options = {}) =>
  validateDefinition(document, { registry: testRegistry, unsupported: EVERYTHING, ...options });
const DEGRADED = { event: 'healthcheck.system_degraded' };
const base = { name: 'x', triggers: [DEGRADED] };
const found = (findings: readonly Finding[]) => findings.map(({ path, code }) => `${path} ${code}`);
const errorsOf = (document: unknown, options?: Options) => found(validate(document, options).errors);
const warningsOf = (document: unknown, options?: Options) => found(validate(document, options).warnings);
const withActions = (...actions: unknown[]) => ({ ...base, actions });
const log = (message: string) => ({ action: 'automation.log', config: { message } });
const open = (id: string) => ({
  id,
  action: 'incident.create',
  config: { title: 'x', severity: 'minor', systemIds: ['web'] },
});

describe('validateDefinition', () => {
  it('fills in defaults and derived trigger ids', () => {
    const { definition, errors } = validate(withActions(log('x')));
    expect(errors).toEqual([]);
    expect(definition).toMatchObject({
      variables: {},
      conditions: [],
      mode: 'single',
      concurrency_scope: 'automation',
      max_runs: 10,
      max_exceeded: 'warning',
      state_window_minutes: 60,
      on_failure: [],
      triggers: [{ id: 'healthcheck_system_degraded', enabled: true, config: {} }],
      actions: [
        {
          enabled: true,
          continue_on_error: false,
          retry: { max_attempts: 3, initial_seconds: 1, factor: 2, max_seconds: 60 },
        },
      ],
    });
  });

  it('accepts again what it made', () => {
    const { definition } = validate(withActions(log('x'), { delay: '00:00:05' }, { wait_until: { condition: true } }));
    const again = validate(definition);
    expect(again.errors).toEqual([]);
    expect(again.definition).toEqual(definition);
  });

  it('reads dots inside event names as underscores', () => {
    const { definition } = validate({ ...base, triggers: [{ event: 'healthcheck.system.degraded' }] });
    expect(definition?.triggers[0]).toMatchObject({ event: DEGRADED.event, id: 'healthcheck_system_degraded' });
  });

  it('reports everything at once, structure and meaning', () => {
    const { errors } = validate({
      nmae: 'x',
      triggers: [{ event: 'healthcheck.system_degrded', filter: 'a ==' }],
      actions: [{ action: 'automation.lgo' }, { delay: { minuts: 1 } }, { stop: {}, delay: 5 }, {}],
      mode: 'singel',
    });
    expect(found(errors).sort()).toEqual(
      [
        'actions[0].action unknown_action',
        'actions[1].delay.minuts unknown_key',
        'actions[2] two_kinds',
        'actions[3] no_kind',
        'mode invalid_value',
        'name required',
        'nmae unknown_key',
        'triggers[0].event unknown_event',
        'triggers[0].filter expression_error',
      ].sort(),
    );
  });

  it.each<[string, unknown, string]>([
    ['an unknown key', { ...base, conditons: [] }, 'Unknown key "conditons". Did you mean "conditions"?'],
    [
      'an unknown event',
      { ...base, triggers: [{ event: 'healthcheck.system_degrade' }] },
      '"healthcheck.system_degraded"?',
    ],
    ['an unknown action', withActions({ action: 'incident.crate' }), 'Did you mean "incident.create"?'],
    ['an unknown filter', withActions(log('{{ now | uper }}')), 'Unknown filter "uper". Did you mean "upper"?'],
    ['a misspelt kind', withActions({ dealy: 5 }), 'Did you mean "delay" by "dealy"?'],
    ['a misspelt way to repeat', withActions({ repeat: { cuont: 1, sequence: [] } }), 'Did you mean "count"?'],
    [
      'a misspelt key deep in a condition',
      withActions({ condition: { and: [{ numeric_state: { value: 1, below: 2, abov: 0 } }] } }),
      'Did you mean "above"?',
    ],
    [
      'a template where an id belongs',
      { ...base, conditions: ['health.systems["{{ trigger.id }}"]'] },
      'remove the {{ }}',
    ],
    ['two kinds', withActions({ delay: 5, stop: {} }), '"delay" and "stop"'],
    ['two ways to repeat', withActions({ repeat: { count: 1, while: 'true', sequence: [] } }), '"count" and "while"'],
    ['a removed event', { ...base, triggers: [{ event: 'template' }] }, 'automation.numeric_state'],
    [
      'another removed event',
      { ...base, triggers: [{ event: 'healthcheck.flapping.detected' }] },
      'system_health_changed',
    ],
    ['two derived ids', { ...base, triggers: [DEGRADED, DEGRADED] }, 'write "id: healthcheck_system_degraded_2" here'],
    ['waiting for a schedule', withActions({ wait_for_trigger: { event: 'automation.cron' } }), 'use "delay"'],
    [
      '"for" without a state',
      { ...base, triggers: [{ event: 'healthcheck.check_failed', for: '00:01:00' }] },
      'tells of a moment',
    ],
    [
      'numbers that none is',
      { ...base, conditions: [{ numeric_state: { value: 1, above: 5, below: 5 } }] },
      'No number is above 5 and below 5',
    ],
    ['the wrong type', { ...base, actions: 'x' }, 'Expected a list, got text'],
  ])('helps with %s', (_, document, help) => {
    const { errors } = validate(document);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain(help);
  });

  it('names places as steps are named everywhere', () => {
    const bad = { dealy: 1 };
    const nested = {
      choose: [
        { when: 'x', sequence: [] },
        { when: 'x', sequence: [log('x'), bad] },
      ],
      else: [bad],
    };
    const document = {
      ...withActions(nested, { parallel: [bad] }, { sequence: [bad] }, { repeat: { count: 1, sequence: [bad] } }),
      on_failure: [bad],
    };
    expect(errorsOf(document)).toEqual([
      'actions[0].choose[1].sequence[1] no_kind',
      'actions[0].else[0] no_kind',
      'actions[1].parallel[0] no_kind',
      'actions[2].sequence[0] no_kind',
      'actions[3].repeat.sequence[0] no_kind',
      'on_failure[0] no_kind',
    ]);
  });

  it.each<[string, unknown, string[]]>([
    ['no triggers', { name: 'x', triggers: [] }, ['triggers out_of_range']],
    ['a trigger without an event', { ...base, triggers: [{}] }, ['triggers[0].event required']],
    ['a long name', { ...base, name: 'x'.repeat(201) }, ['name out_of_range']],
    ['too many runs', { ...base, max_runs: 1001 }, ['max_runs out_of_range']],
    ['half a run', { ...base, max_runs: 1.5 }, ['max_runs invalid_type']],
    ['a bad trigger id', { ...base, triggers: [{ ...DEGRADED, id: '1x' }] }, ['triggers[0].id invalid_value']],
    ['a bad action id', withActions({ ...log('x'), id: 'a-b' }), ['actions[0].id invalid_value']],
    ['no variables', withActions({ variables: {} }), ['actions[0].variables invalid_value']],
    ['a long delay', withActions({ delay: { days: 31 } }), ['actions[0].delay invalid_value']],
    ['no delay', withActions({ delay: { seconds: 0 } }), ['actions[0].delay invalid_value']],
    ['a bad clock', withActions({ delay: '5 minutes' }), ['actions[0].delay invalid_value']],
    [
      'a long timeout',
      withActions({ ...log('x'), timeout_seconds: 86_401 }),
      ['actions[0].timeout_seconds out_of_range'],
    ],
    [
      'a bad zone',
      { ...base, conditions: [{ time: { after: '08:00', timezone: 'Mars/X' } }] },
      ['conditions[0].time.timezone invalid_value'],
    ],
    ['a bad time', { ...base, conditions: [{ time: { after: '24:00' } }] }, ['conditions[0].time.after invalid_value']],
    [
      'no bound',
      { ...base, conditions: [{ numeric_state: { value: 'x' } }] },
      ['conditions[0].numeric_state invalid_value'],
    ],
    ['no document', null, [' invalid_type']],
    ['a list', [], [' invalid_type']],
  ])('refuses %s', (_, document, expected) => {
    expect(errorsOf(document)).toEqual(expected);
  });

  it('refuses what is not executed until it is, and checks it all the same', () => {
    const document = {
      ...base,
      triggers: [{ ...DEGRADED, for: { minutes: 1 }, window: { count: 2, minutes: 5 } }],
      actions: [{ parallel: [log('x')] }, { repeat: { count: -1, sequence: [] } }],
      on_failure: [log('x')],
    };
    const codes = validate(document, { unsupported: UNSUPPORTED }).errors;
    expect(
      codes.every(({ code, message }) => code !== 'not_supported_yet' || message.endsWith('is not supported yet')),
    ).toBe(true);
    expect(errorsOf(document)).toEqual(['actions[1].repeat.count out_of_range']);
  });

  it('drops poll_seconds with a warning', () => {
    const { definition, warnings } = validate(withActions({ wait_until: { condition: 'true', poll_seconds: 5 } }));
    expect(definition?.actions[0]).toEqual(
      expect.objectContaining({ wait_until: { condition: 'true', continue_on_timeout: true } }),
    );
    expect(found(warnings)).toEqual(['actions[0].wait_until.poll_seconds poll_seconds_dropped']);
  });

  describe('config', () => {
    const create = (config: unknown) => withActions({ action: 'incident.create', config });
    it('lets a template stand for any type', () => {
      expect(errorsOf(create({ title: '{{ now }}', severity: '{{ now }}', systemIds: '{{ now }}' }))).toEqual([]);
      expect(
        errorsOf(
          create({ title: 'x', severity: 'minor', systemIds: ['{{ now }}'], dedupe_open_for_system: '{{ 1 }}' }),
        ),
      ).toEqual([]);
    });

    it('still refuses unknown and missing keys, and wrong literals', () => {
      expect(errorsOf(create({ title: '{{ now }}', severity: 'huge', extra: '{{ now }}' })).sort()).toEqual([
        'actions[0].config.extra unknown_key',
        'actions[0].config.severity invalid_value',
        'actions[0].config.systemIds required',
      ]);
      expect(errorsOf(withActions({ action: 'incident.create' }))).toHaveLength(3);
    });

    it('does not take templates for triggers, whose config is never rendered', () => {
      const triggers = [{ event: 'automation.numeric_state', config: { field: 'latencyMs', above: '{{ 5 }}' } }];
      expect(errorsOf({ ...base, triggers })).toEqual(['triggers[0].config.above invalid_type']);
      expect(errorsOf({ ...base, triggers: [{ ...DEGRADED, config: { a: 1 } }] })).toEqual([
        'triggers[0].config unknown_key',
      ]);
    });

    it('leaves code alone', () => {
      const config = { url: 'x', script: '{{ not ours' };
      expect(errorsOf(withActions({ action: 'integration-webhook.send', config }))).toEqual([]);
    });

    it('knows the secrets and connections it is told of', () => {
      const send = (config: object) =>
        withActions({ action: 'integration-webhook.send', config: { url: 'x', ...config } });
      const known = { secrets: new Set(['TOKEN']), connections: new Set(['main']) };
      expect(warningsOf(send({ bearerToken: '${{ secrets.TOKEN }}', connectionId: 'main' }), known)).toEqual([]);
      expect(warningsOf(send({ env: { A: '${{ secrets.TOKEN }}' } }), known)).toEqual([]);
      expect(warningsOf(send({ bearerToken: '${{ secrets.TOKN }}', connectionId: 'man' }), known)).toEqual([
        'actions[0].config.connectionId unknown_connection',
        'actions[0].config.bearerToken unknown_secret',
      ]);
      expect(warningsOf(withActions(log('${{ secrets.TOKEN }}')), known)).toEqual([
        'actions[0].config.message secret_outside',
      ]);
    });

    it('warns of what only looks like a reference to a secret', () => {
      const send = (bearerToken: string) =>
        warningsOf(withActions({ action: 'integration-webhook.send', config: { url: 'x', bearerToken } }));
      expect(send('${{ secrets.TOKEN | upper }}')).toEqual(['actions[0].config.bearerToken secret_reference']);
      expect(send('${{ secrets["TOKEN"] }}')).toEqual(['actions[0].config.bearerToken secret_reference']);
      const { warnings } = validate(withActions(log('{{ secrets.TOKEN }}')));
      expect(warnings.map(({ message }) => message)).toEqual([
        'Nothing is called "secrets" here. Secrets are written ${{ secrets.NAME }}, in fields that take them (line 1, column 4)',
      ]);
    });
  });

  describe('artifacts', () => {
    const use = (path: string) => log(`{{ artifacts.${path} }}`);
    const place = (index: number) => `actions[${index}].config.message`;
    it.each<[string, unknown[], string[]]>([
      ['made before', [open('a'), use('a.incident.incidentId')], []],
      ['made in a branch before', [{ choose: [{ when: 'now', sequence: [open('a')] }] }, use('a.incident.status')], []],
      ['made later', [use('a.incident.status'), open('a')], [`${place(0)} artifact_not_made`]],
      ['of an unknown action', [open('abc'), use('abd.incident.status')], [`${place(1)} artifact_unknown`]],
      ['not declared', [open('a'), use('a.issue.key')], [`${place(1)} artifact_undeclared`]],
      [
        'of an action that leaves none',
        [{ ...log('x'), id: 'a' }, use('a.incident.x')],
        [`${place(1)} artifact_undeclared`],
      ],
      ['an unknown field', [open('a'), use('a.incident.stauts')], [`${place(1)} artifact_field`]],
      [
        'made in another branch',
        [{ choose: [{ when: 'now', sequence: [open('a')] }], else: [use('a.incident.status')] }],
        ['actions[0].else[0].config.message artifact_not_made'],
      ],
      [
        'made in a sibling of parallel',
        [{ parallel: [open('a'), use('a.incident.status')] }],
        ['actions[0].parallel[1].config.message artifact_not_made'],
      ],
      ['made in an iteration before', [{ repeat: { count: 2, sequence: [use('a.incident.status'), open('a')] } }], []],
    ])('%s', (_, actions, expected) => {
      expect(errorsOf(withActions(...actions))).toEqual(expected);
    });

    it('are there in on_failure, and not in conditions', () => {
      const document = { ...withActions(open('a')), on_failure: [use('a.incident.status')] };
      expect(errorsOf(document)).toEqual([]);
      expect(errorsOf({ ...document, conditions: ['artifacts.a.incident.status == 1'] })).toEqual([
        'conditions[0] artifact_not_made',
      ]);
    });
  });

  describe('expressions', () => {
    it('refuses stray braces and strips one pair around the whole with a warning', () => {
      const filter = (text: string) => ({ ...base, triggers: [{ ...DEGRADED, filter: text }] });
      expect(errorsOf(filter('a {{ trigger.id }}'))).toEqual(['triggers[0].filter stray_braces']);
      expect(errorsOf(filter('{{ trigger.id }}'))).toEqual([]);
      expect(warningsOf(filter('{{ trigger.id }}'))).toEqual(['triggers[0].filter stray_braces']);
    });

    it('takes both forms in durations', () => {
      expect(errorsOf(withActions({ delay: { template: '{{ 5 * 60 }}' } }, { delay: { template: '5 * 60' } }))).toEqual(
        [],
      );
      expect(errorsOf(withActions({ delay: { template: '5 *' } }))).toEqual([
        'actions[0].delay.template expression_error',
      ]);
    });

    it('tells where in an expression, when there is no source to point into', () => {
      expect(validate({ ...base, conditions: ['trigger.id =='] }).errors[0]?.message).toMatch(/line 1, column 14/);
    });

    it('warns of names that the scope does not have, and of ids that no trigger has', () => {
      expect(warningsOf({ ...base, conditions: ['triger.id == 1', { trigger: 'nope' }] })).toEqual([
        'conditions[0] unknown_name',
        'conditions[1].trigger unknown_trigger',
      ]);
    });

    it('refuses templates where ids are not rendered', () => {
      const conditions = [{ state: { entity: '{{ trigger.payload.systemId }}', status: 'healthy' } }];
      expect(errorsOf({ ...base, conditions })).toEqual(['conditions[0].state.entity stray_braces']);
    });
  });

  it('warns of branches and steps that are never reached', () => {
    const stop = { stop: { reason: 'x' } };
    const document = withActions(
      {
        choose: [
          { when: false, sequence: [] },
          { when: 'true', sequence: [stop, log('x')] },
          { when: 'now', sequence: [] },
        ],
        else: [stop],
      },
      { choose: [{ when: 'now', sequence: [stop] }], else: [stop] },
      log('never'),
    );
    expect(warningsOf(document).sort()).toEqual([
      'actions[0].choose[0].when dead_branch',
      'actions[0].choose[1].sequence[1] unreachable',
      'actions[0].choose[2] dead_branch',
      'actions[0].else dead_branch',
      'actions[2] unreachable',
    ]);
  });

  it('warns when a wait is about another kind of context key', () => {
    const wait = (more: object) => withActions({ wait_for_trigger: { event: 'incident.created', ...more } });
    expect(warningsOf(wait({}))).toEqual(['actions[0].wait_for_trigger.event context_key_differs']);
    expect(warningsOf(wait({ context_key: '*' }))).toEqual([]);
  });

  it('warns of a loop that ends before its count', () => {
    const loop = (more: object) => withActions({ repeat: { count: 1_500, sequence: [], ...more } });
    expect(warningsOf(loop({}))).toEqual(['actions[0].repeat.count cut_by_max_iterations']);
    expect(warningsOf(loop({ max_iterations: 1_500 }))).toEqual([]);
  });

  describe('limits', () => {
    const nest = (depth: number): unknown => (depth === 1 ? log('x') : { sequence: [nest(depth - 1)] });
    it('takes 500 actions and 20 levels, and no more', () => {
      expect(errorsOf(withActions(...Array.from({ length: 500 }, () => log('x'))))).toEqual([]);
      expect(errorsOf(withActions(...Array.from({ length: 501 }, () => log('x'))))).toEqual([
        'actions[500] limit_exceeded',
      ]);
      expect(errorsOf(withActions(nest(20)))).toEqual([]);
      expect(errorsOf(withActions(nest(21)))).toHaveLength(1);
    });

    it('refuses more than 1 MB', () => {
      expect(errorsOf({ ...base, description: 'x'.repeat(1_048_577) })).toEqual([' limit_exceeded']);
    });

    it('survives data nested without end', () => {
      let deep: unknown = 'x';
      for (let level = 0; level < 5_000; level += 1) deep = [deep];
      expect(errorsOf({ ...base, variables: { deep } })).toHaveLength(1);
    });
  });

  describe('text and keys that cannot be kept', () => {
    it.each<[string, unknown, string[]]>([
      ['NUL', { ...base, name: 'a\u0000b' }, ['name invalid_text']],
      ['half a surrogate pair', { ...base, variables: { a: 'x\ud800' } }, ['variables.a invalid_text']],
      ['a key with NUL', { ...base, variables: { 'a\u0000': 1 } }, ['variables["a\\u0000"] invalid_text']],
      ['numbers beyond 2^53', { ...base, variables: { n: 2 ** 53 } }, ['variables.n invalid_number']],
      [
        '__proto__',
        JSON.parse(
          '{"name":"x","triggers":[{"event":"healthcheck.system_degraded"}],"variables":{"__proto__":{"a":1}}}',
        ),
        ['variables.__proto__ invalid_key'],
      ],
    ])('%s', (_, document, expected) => {
      expect(errorsOf(document)).toEqual(expected);
    });

    it('keeps keys that are called like methods, and takes none of them for known', () => {
      const variables = { constructor: 'a', toString: 'b', hasOwnProperty: 'c', valueOf: 'd' };
      expect(validate({ ...base, variables }).definition?.variables).toEqual(variables);
      expect(errorsOf({ ...base, constructor: 1, toString: 2 })).toEqual([
        'constructor unknown_key',
        'toString unknown_key',
      ]);
      expect(errorsOf(withActions({ constructor: 1 }))).toEqual(['actions[0] no_kind']);
      expect(errorsOf(withActions({ action: 'constructor.toString' }))).toEqual(['actions[0].action unknown_action']);
      expect(errorsOf(withActions(log('{{ artifacts.constructor.toString }}')))).toEqual([
        'actions[0].config.message artifact_unknown',
      ]);
      expect(({} as { a?: unknown }).a).toBeUndefined();
    });
  });
});

describe('validateYaml', () => {
  it('gives line and column of keys, values and places inside expressions', () => {
    const text = [
      'name: x',
      'triggers:',
      '  - event: healthcheck.sytem_degraded',
      '    fitler: x',
      'conditions:',
      '  - "trigger.id =="',
      '  - |',
      '    trigger.id == 1 &&',
      '      now | uper',
      'actions:',
      '  - action: incident.create',
      "    config: { title: 'a {{ now | uper }}', severity: minor }",
    ].join('\n');
    const { errors } = validateYaml(text, { registry: testRegistry });
    expect(errors.map(({ line, column, path, code }) => `${line}:${column} ${path} ${code}`)).toEqual([
      '3:12 triggers[0].event unknown_event',
      '4:5 triggers[0].fitler unknown_key',
      '6:19 conditions[0] expression_error',
      '9:13 conditions[1] unknown_filter',
      '12:5 actions[0].config.systemIds required',
      '12:34 actions[0].config.title unknown_filter',
    ]);
  });

  it('refuses an empty text and several documents', () => {
    expect(validateYaml('# nothing', { registry: testRegistry }).errors).toHaveLength(1);
    expect(validateYaml('a: 1\n---\nb: 2', { registry: testRegistry }).errors[0]?.message).toContain('one document');
  });
});
