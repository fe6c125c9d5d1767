import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { Executor } from '../db/executor';
import { createSharedSteps } from '../domain/expressions/evaluate';
import { createPluginFilters } from '../domain/registry/plugin-filters';
import type { ExpressionContext } from './evaluator';
import { createEvaluator } from './live-evaluator';
import type { HealthView } from '../domains/healthcheck/health-view';
import type { ReadHealth } from './live-scope';

const NOW = new Date('2026-11-23T11:00:00.000Z');
const shout = { description: 'Louder', apply: (input: unknown) => `${String(input)}!` };
const scope: ExpressionContext = {
  facts: {
    trigger: { id: 't', payload: { systemId: 'db-1' } },
    contextKey: 'db-1',
    run: { id: 'r', startedAt: null },
    automation: { id: 'a', name: 'A', group: null },
  },
  variables: { minutes: 5 },
  artifacts: [],
  repeat: null,
  usesState: ['also'],
  stateWindowMinutes: 60,
};
// The connection is never used, because the fake stores return all entities.
const db = {} as Executor;

function evaluatorWith(readHealth: ReadHealth) {
  const entities = {
    getMany: () => Promise.resolve(new Map()),
    list: () => Promise.resolve([]),
    predicateSince: () => Promise.resolve(null),
  };
  const filters = createPluginFilters([{ filters: { shout } }], () => undefined);
  return createEvaluator({ entities, filters, clock: { now: () => NOW }, timezone: 'UTC', readHealth });
}
const broken =
  (error: Error): ReadHealth =>
  () =>
    Promise.reject(error);

describe('a namespace that cannot be read', () => {
  const evaluator = evaluatorWith(broken(new Error('no such view')));
  const unavailable = { value: false, reason: '"health" could not be read: no such view' };

  it.each([
    ['!health.system.in_maintenance'],
    ['health.system.in_maintenance == false'],
    [{ not: 'health.systems["x"].in_maintenance' }],
    [{ or: ['true', 'health.system.status == "healthy"'] }],
    [['true', { not: { state: { entity: 'x', status: 'unhealthy' as const } } }]],
  ])('makes the whole condition %j false, with the reason', async (condition) => {
    expect(await evaluator.condition(db, condition, scope)).toMatchObject(unavailable);
  });

  it('is empty in templates, with a warning, and does not affect other conditions', async () => {
    const warnings: string[] = [];
    const warned = { ...scope, onWarning: (warning: string) => warnings.push(warning) };
    expect(await evaluator.render(db, '<{{ health.system.status }}>', warned)).toBe('<>');
    expect(warnings).toEqual(['"health" could not be read: no such view']);
    expect(await evaluator.condition(db, 'trigger.id == "t"', scope)).toMatchObject({ value: true });
  });

  it.each([
    Object.assign(new Error('unreachable'), { code: 'ECONNREFUSED' }),
    new DrizzleQueryError('select', [], new Error('syntax')),
  ])('differs from a database that is unavailable or refuses a statement: %s', async (error) => {
    await expect(evaluatorWith(broken(error)).condition(db, 'health.system', scope)).rejects.toBe(error);
  });
});

it.each([
  ['!health.system.in_maintenance', '2026-11-23T12:00:00.000Z'],
  // An incident can stop suppressing notifications without a change in the log.
  ['!health.system.notifications_suppressed', '2026-11-23T11:01:00.000Z'],
])('evaluates %s again at %s', async (condition, at) => {
  const fields = { in_maintenance: true, notifications_suppressed: true };
  const view = { ...fields, maintenance_ends_at: '2026-11-23T12:00:00.000Z' } as unknown as HealthView;
  const evaluator = evaluatorWith(() => Promise.resolve(new Map([['db-1', view]])));
  expect((await evaluator.readCondition(db, condition, scope)).changesAt).toEqual(new Date(at));
});

it('reads the systems of uses_state in addition to those in expressions, even if the id is computed', async () => {
  const requested: (readonly string[])[] = [];
  const evaluator = evaluatorWith((_, ids) => {
    requested.push(ids);
    return Promise.resolve(new Map());
  });
  await evaluator.render(db, '{{ health.systems["x"].status }}', scope);
  await evaluator.render(db, '{{ health.systems | json }}', scope);
  await evaluator.render(db, '{{ trigger.id }}', scope);
  expect(requested).toEqual([['x', 'also'], ['also']]);
});

it('supports filters of plugins in conditions, templates, durations and variables', async () => {
  const evaluator = evaluatorWith(() => Promise.resolve(new Map()));
  expect(await evaluator.condition(db, '("a" | shout) == "a!"', scope)).toMatchObject({ value: true });
  expect(await evaluator.render(db, '{{ "a" | shout }}', scope)).toBe('a!');
  expect(await evaluator.renderDuration(db, '"a" | shout', scope)).toBe('a!');
  expect(await evaluator.renderVariables(db, { a: '{{ "a" | shout }}' }, scope)).toEqual({ variables: { a: 'a!' } });
  for (const variables of [{ a: ['x ${{ secrets.KEY }}'] }, { a: { '${{ secrets.KEY }}': 1 } }])
    expect(await evaluator.renderVariables(db, variables, scope)).toMatchObject({ code: 'secret_outside' });
});

it('stops variables and conditions that in total take too many steps', async () => {
  const evaluator = evaluatorWith(() => Promise.resolve(new Map()));
  // About 190,000 steps, which is less than the limit of one evaluation.
  const heavy = `(${Array.from({ length: 12 }, () => '(trigger.payload | upper | lower | length)').join(' + ')}) > 0`;
  const trigger = { ...scope.facts.trigger, payload: 'x'.repeat(500_000) };
  const large = { ...scope, facts: { ...scope.facts, trigger } };
  expect(await evaluator.value(db, heavy, large)).toBe(true);
  const variables = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`v${n}`, `{{ ${heavy} }}`]));
  expect(await evaluator.renderVariables(db, variables(3), large)).toMatchObject({ variables: { v2: true } });
  expect(await evaluator.renderVariables(db, variables(100), large)).toMatchObject({
    error: expect.stringContaining('too many steps') as string,
  });
  const conditions = (count: number) => ({ and: Array.from({ length: count }, () => heavy) });
  expect(await evaluator.condition(db, conditions(3), large)).toMatchObject({ value: true });
  expect(await evaluator.condition(db, conditions(100), large)).toMatchObject({ value: 'error' });
  // Conditions that share `steps` take no more steps for many triggers than for one.
  const sharing = { ...large, steps: { values: createSharedSteps(8), traces: createSharedSteps(16) } };
  const values: (boolean | 'error')[] = [];
  for (let n = 0; n < 100; n += 1) values.push((await evaluator.condition(db, heavy, sharing)).value);
  expect(values[3]).toBe(true);
  expect(values.filter((value) => value === true).length).toBeLessThan(20);
  expect(values.at(-1)).toBe('error');
});

it('renders durations in both forms, including text around an expression', async () => {
  const evaluator = evaluatorWith(() => Promise.resolve(new Map()));
  const render = (template: string) => evaluator.renderDuration(db, template, scope);
  expect(await render('variables.minutes * 60')).toBe(300);
  expect(await render('{{ variables.minutes * 60 }}')).toBe(300);
  expect(await render('00:0{{ variables.minutes }}:00')).toBe('00:05:00');
});
