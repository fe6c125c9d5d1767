import { DEGRADED, base, errorsOf, log, open, validate, warningsOf, withActions } from './validate.fixture';

describe('validateDefinition, for the inputs of actions', () => {
  describe('config', () => {
    const create = (config: unknown) => withActions({ action: 'incident.create', config });
    it('accepts a template in place of any type', () => {
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

    it('refuses templates in configs of triggers, which are never rendered', () => {
      const triggers = [{ event: 'automation.numeric_state', config: { field: 'latencyMs', above: '{{ 5 }}' } }];
      expect(errorsOf({ ...base, triggers })).toEqual(['triggers[0].config.above invalid_type']);
      expect(errorsOf({ ...base, triggers: [{ ...DEGRADED, config: { a: 1 } }] })).toEqual([
        'triggers[0].config unknown_key',
      ]);
    });

    it('ignores braces in code', () => {
      const config = { url: 'x', script: '{{ not ours' };
      expect(errorsOf(withActions({ action: 'integration-webhook.send', config }))).toEqual([]);
    });

    it('warns about secrets and connections that do not exist, and refuses secrets in other fields', () => {
      const send = (config: object) =>
        withActions({ action: 'integration-webhook.send', config: { url: 'x', ...config } });
      const known = { secrets: new Set(['TOKEN']), connections: new Set(['main']) };
      expect(warningsOf(send({ bearerToken: '${{ secrets.TOKEN }}', connectionId: 'main' }), known)).toEqual([]);
      expect(warningsOf(send({ env: { A: '${{ secrets.TOKEN }}' } }), known)).toEqual([]);
      expect(warningsOf(send({ bearerToken: '${{ secrets.TOKN }}', connectionId: 'man' }), known)).toEqual([
        'actions[0].config.connectionId unknown_connection',
        'actions[0].config.bearerToken unknown_secret',
      ]);
      const { definition, errors } = validate(withActions(log('${{ secrets.TOKEN }}')), known);
      expect([definition, errors.map(({ path, code }) => `${path} ${code}`)]).toEqual([
        undefined,
        ['actions[0].config.message secret_outside'],
      ]);
      expect(errorsOf(send({ env: { '${{ secrets.TOKEN }}': 'x' } }), known)).toEqual([
        'actions[0].config.env["${{ secrets.TOKEN }}"] secret_outside',
      ]);
    });

    it('warns about texts that only look like a reference to a secret', () => {
      const send = (bearerToken: string) =>
        warningsOf(withActions({ action: 'integration-webhook.send', config: { url: 'x', bearerToken } }));
      expect(send('${{ secrets.TOKEN | upper }}')).toEqual(['actions[0].config.bearerToken secret_reference']);
      expect(send('${{ secrets["TOKEN"] }}')).toEqual(['actions[0].config.bearerToken secret_reference']);
      const { warnings } = validate(withActions(log('{{ secrets.TOKEN }}')));
      expect(warnings.map(({ message }) => message)).toEqual([
        'Unknown name "secrets". Secrets are written ${{ secrets.NAME }}, in fields that take them (line 1, column 4)',
      ]);
    });
  });

  describe('artifacts', () => {
    const use = (path: string) => log(`{{ artifacts.${path} }}`);
    const place = (index: number) => `actions[${index}].config.message`;
    it.each<[string, unknown[], string[]]>([
      ['produced by an earlier step', [open('a'), use('a.incident.incidentId')], []],
      [
        'produced in an earlier branch',
        [{ choose: [{ when: 'now', sequence: [open('a')] }] }, use('a.incident.status')],
        [],
      ],
      ['produced by a later step', [use('a.incident.status'), open('a')], [`${place(0)} artifact_not_made`]],
      ['of an unknown action', [open('abc'), use('abd.incident.status')], [`${place(1)} artifact_unknown`]],
      ['not declared by the action', [open('a'), use('a.issue.key')], [`${place(1)} artifact_undeclared`]],
      [
        'of an action without artifacts',
        [{ ...log('x'), id: 'a' }, use('a.incident.x')],
        [`${place(1)} artifact_undeclared`],
      ],
      ['read with an unknown field', [open('a'), use('a.incident.stauts')], [`${place(1)} artifact_field`]],
      [
        'produced in another branch',
        [{ choose: [{ when: 'now', sequence: [open('a')] }], else: [use('a.incident.status')] }],
        ['actions[0].else[0].config.message artifact_not_made'],
      ],
      [
        'produced in another branch of a parallel',
        [{ parallel: [open('a'), use('a.incident.status')] }],
        ['actions[0].parallel[1].config.message artifact_not_made'],
      ],
      [
        'produced in an earlier iteration',
        [{ repeat: { count: 2, sequence: [use('a.incident.status'), open('a')] } }],
        [],
      ],
      [
        'produced in a concurrent iteration',
        [{ repeat: { for_each: '[1]', parallel: 2, sequence: [use('a.incident.status'), open('a')] } }],
        ['actions[0].repeat.sequence[0].config.message artifact_not_made'],
      ],
    ])('are checked if they are %s', (_, actions, expected) => {
      expect(errorsOf(withActions(...actions))).toEqual(expected);
    });

    it('are available in on_failure, but not in conditions', () => {
      const document = { ...withActions(open('a')), on_failure: [use('a.incident.status')] };
      expect(errorsOf(document)).toEqual([]);
      expect(errorsOf({ ...document, conditions: ['artifacts.a.incident.status == 1'] })).toEqual([
        'conditions[0] artifact_not_made',
      ]);
    });
  });

  describe('expressions', () => {
    it('refuses stray braces, and removes one pair around the whole expression with a warning', () => {
      const filter = (text: string) => ({ ...base, triggers: [{ ...DEGRADED, filter: text }] });
      expect(errorsOf(filter('a {{ trigger.id }}'))).toEqual(['triggers[0].filter stray_braces']);
      expect(errorsOf(filter('{{ trigger.id }}'))).toEqual([]);
      expect(warningsOf(filter('{{ trigger.id }}'))).toEqual(['triggers[0].filter stray_braces']);
    });

    it('accepts both forms in durations', () => {
      expect(errorsOf(withActions({ delay: { template: '{{ 5 * 60 }}' } }, { delay: { template: '5 * 60' } }))).toEqual(
        [],
      );
      expect(errorsOf(withActions({ delay: { template: '5 *' } }))).toEqual([
        'actions[0].delay.template expression_error',
      ]);
    });

    it('reports the position in the expression if there is no source text', () => {
      expect(validate({ ...base, conditions: ['trigger.id =='] }).errors[0]?.message).toMatch(/line 1, column 14/);
    });

    it('warns about unknown names in the scope and unknown trigger ids', () => {
      expect(warningsOf({ ...base, conditions: ['triger.id == 1', { trigger: 'nope' }] })).toEqual([
        'conditions[0] unknown_name',
        'conditions[1].trigger unknown_trigger',
      ]);
    });

    it('refuses templates in ids, which are not rendered', () => {
      const conditions = [{ state: { entity: '{{ trigger.payload.systemId }}', status: 'healthy' } }];
      expect(errorsOf({ ...base, conditions })).toEqual(['conditions[0].state.entity stray_braces']);
    });
  });
});
