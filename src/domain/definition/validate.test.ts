import { testRegistry } from './registry.fixture';
import { validateYaml } from './validate';
import { DEGRADED, base, errorsOf, found, log, validate, warningsOf, withActions } from './validate.fixture';

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

  it('accepts its own output', () => {
    const { definition } = validate(withActions(log('x'), { delay: '00:00:05' }, { wait_until: { condition: true } }));
    const again = validate(definition);
    expect(again.errors).toEqual([]);
    expect(again.definition).toEqual(definition);
  });

  it('reads dots inside event names as underscores', () => {
    const { definition } = validate({ ...base, triggers: [{ event: 'healthcheck.system.degraded' }] });
    expect(definition?.triggers[0]).toMatchObject({ event: DEGRADED.event, id: 'healthcheck_system_degraded' });
  });

  it('reports errors of structure and of meaning together', () => {
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
      'a template in place of an id',
      { ...base, conditions: ['health.systems["{{ trigger.id }}"]'] },
      'remove the {{ }}',
    ],
    ['two kinds', withActions({ delay: 5, stop: {} }), '"delay" and "stop"'],
    [
      '`parallel` of a loop without items',
      withActions({ repeat: { count: 1, parallel: 2, sequence: [] } }),
      'parallel',
    ],
    ['two ways to repeat', withActions({ repeat: { count: 1, while: 'true', sequence: [] } }), '"count" and "while"'],
    ['a removed event', { ...base, triggers: [{ event: 'template' }] }, 'automation.numeric_state'],
    [
      'another removed event',
      { ...base, triggers: [{ event: 'healthcheck.flapping.detected' }] },
      'system_health_changed',
    ],
    [
      'two equal derived ids',
      { ...base, triggers: [DEGRADED, DEGRADED] },
      'write "id: healthcheck_system_degraded_2" here',
    ],
    ['waiting for a schedule', withActions({ wait_for_trigger: { event: 'automation.cron' } }), 'use "delay"'],
    [
      '"for" without a state',
      { ...base, triggers: [{ event: 'healthcheck.check_failed', for: '00:01:00' }] },
      '"for" needs a cause that can be checked at the deadline',
    ],
    [
      'bounds that no number satisfies',
      { ...base, conditions: [{ numeric_state: { value: 1, above: 5, below: 5 } }] },
      'No number can be above 5 and below 5',
    ],
    ['the wrong type', { ...base, actions: 'x' }, 'Expected a list, got the string "x"'],
    [
      'a YAML 1.1 truth word',
      withActions({ ...log('x'), enabled: 'yes' }),
      '"yes" is not a truth value here: write true',
    ],
    ['a truth word in a condition', withActions({ condition: ['no'] }), '"no" is not a truth value here: write false'],
    [
      'a truth word in a filter',
      { ...base, triggers: [{ event: 'healthcheck.check_failed', filter: 'on' }] },
      'write true',
    ],
    ['an unknown name as a truth value', { ...base, conditions: ['helth'] }, 'Did you mean "health"?'],
    ['a duration without a unit', withActions({ delay: 300 }), '300 has no unit: write {seconds: 300}'],
  ])('suggests a correction for %s', (_, document, help) => {
    const { errors } = validate(document);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain(help);
  });

  it('names paths in the same way as steps', () => {
    const bad = { dealy: 1 };
    const nested = {
      choose: [
        { when: 'true', sequence: [] },
        { when: 'true', sequence: [log('x'), bad] },
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
    ['a fractional number of runs', { ...base, max_runs: 1.5 }, ['max_runs invalid_type']],
    ['an invalid trigger id', { ...base, triggers: [{ ...DEGRADED, id: '1x' }] }, ['triggers[0].id invalid_value']],
    ['an invalid action id', withActions({ ...log('x'), id: 'a-b' }), ['actions[0].id invalid_value']],
    ['no variables', withActions({ variables: {} }), ['actions[0].variables invalid_value']],
    ['a long delay', withActions({ delay: { days: 31 } }), ['actions[0].delay invalid_value']],
    ['a delay of zero', withActions({ delay: { seconds: 0 } }), ['actions[0].delay invalid_value']],
    ['an invalid clock time', withActions({ delay: '5 minutes' }), ['actions[0].delay invalid_value']],
    [
      'a long timeout',
      withActions({ ...log('x'), timeout_seconds: 86_401 }),
      ['actions[0].timeout_seconds out_of_range'],
    ],
    [
      'an invalid time zone',
      { ...base, conditions: [{ time: { after: '08:00', timezone: 'Mars/X' } }] },
      ['conditions[0].time.timezone invalid_value'],
    ],
    [
      'an invalid time',
      { ...base, conditions: [{ time: { after: '24:00' } }] },
      ['conditions[0].time.after invalid_value'],
    ],
    [
      'a numeric condition without a bound',
      { ...base, conditions: [{ numeric_state: { value: 'x' } }] },
      ['conditions[0].numeric_state invalid_value'],
    ],
    ['no document', null, [' invalid_type']],
    ['a list', [], [' invalid_type']],
  ])('refuses %s', (_, document, expected) => {
    expect(errorsOf(document)).toEqual(expected);
  });

  it('drops poll_seconds with a warning', () => {
    const { definition, warnings } = validate(withActions({ wait_until: { condition: 'true', poll_seconds: 5 } }));
    expect(definition?.actions[0]).toEqual(
      expect.objectContaining({ wait_until: { condition: 'true', continue_on_timeout: true } }),
    );
    expect(found(warnings)).toEqual(['actions[0].wait_until.poll_seconds poll_seconds_dropped']);
  });

  it('warns about branches and steps that are never reached', () => {
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

  it('warns about a wait with a different kind of context key', () => {
    const wait = (more: object) => withActions({ wait_for_trigger: { event: 'incident.created', ...more } });
    expect(warningsOf(wait({}))).toEqual(['actions[0].wait_for_trigger.event context_key_differs']);
    expect(warningsOf(wait({ context_key: '*' }))).toEqual([]);
  });

  it('warns about a loop that ends before its count', () => {
    const loop = (more: object) => withActions({ repeat: { count: 1_500, sequence: [], ...more } });
    expect(warningsOf(loop({}))).toEqual(['actions[0].repeat.count cut_by_max_iterations']);
    expect(warningsOf(loop({ max_iterations: 1_500 }))).toEqual([]);
  });

  describe('limits', () => {
    const nest = (depth: number): unknown => (depth === 1 ? log('x') : { sequence: [nest(depth - 1)] });
    it('accepts 500 actions and 20 levels, and no more', () => {
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

    it('refuses data that is nested 5,000 levels deep', () => {
      let deep: unknown = 'x';
      for (let level = 0; level < 5_000; level += 1) deep = [deep];
      expect(errorsOf({ ...base, variables: { deep } })).toHaveLength(1);
    });
  });

  describe('text and keys that cannot be stored', () => {
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
    ])('are refused: %s', (_, document, expected) => {
      expect(errorsOf(document)).toEqual(expected);
    });

    it('keeps keys with the names of methods, and does not treat them as known', () => {
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
  it('reports line and column of keys, values and positions inside expressions', () => {
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

  it('reports a duplicate key together with everything else', () => {
    const text = [
      'name: x',
      'triggers: [{ event: healthcheck.sytem_degraded }]',
      'name: y',
      'actions: [{ action: incident.create, config: { title: a, title: b, severity: minor } }]',
    ].join('\n');
    const validation = validateYaml(text, { registry: testRegistry });
    expect(validation.definition).toBeUndefined();
    expect(validation.errors.map(({ line, path, code }) => `${line} ${path} ${code}`)).toEqual([
      '2 triggers[0].event unknown_event',
      '3 name duplicate_key',
      '4 actions[0].config.systemIds required',
      '4 actions[0].config.title duplicate_key',
    ]);
    const valid = 'name: x\ntriggers: [{ event: healthcheck.system_degraded }]\nname: y\n';
    const { definition, errors } = validateYaml(valid, { registry: testRegistry });
    expect([definition, errors.map(({ code }) => code)]).toEqual([undefined, ['duplicate_key']]);
  });

  it('reports nothing else if the YAML lacks a part of the document', () => {
    const { errors } = validateYaml('name: x\n<<: *base\nmode: sngle\n', { registry: testRegistry });
    expect(errors.map(({ code }) => code)).toEqual(['merge_key']);
  });

  it('refuses an empty text and several documents', () => {
    expect(validateYaml('# nothing', { registry: testRegistry }).errors).toHaveLength(1);
    expect(validateYaml('a: 1\n---\nb: 2', { registry: testRegistry }).errors[0]?.message).toContain('one document');
  });
});
