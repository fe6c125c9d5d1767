import { withAliases } from './aliases';
import { evaluate } from './evaluate';
import { parseExpression } from './parse';

const run = (source: string, scope: Record<string, unknown>): unknown =>
  evaluate(parseExpression(source), withAliases(scope));

it('adds aliases for variables, the id of the event and the result of a wait, and leaves the scope unchanged', () => {
  const scope = {
    variables: { a: 1 },
    trigger: { event: 'incident.created', payload: {} },
    wait: { completed: true, trigger: { event: 'x.y', payload: { by: 'Ann' } } },
  };
  expect(run('[vars.a, var.a, trigger.eventId, resume.payload.by]', scope)).toEqual([1, 1, 'incident.created', 'Ann']);
  expect(Object.keys(scope)).toEqual(['variables', 'trigger', 'wait']);
  expect('eventId' in scope.trigger).toBe(false);
});

it('accepts the event that ended a wait as a plain payload', () => {
  expect(run('resume.payload.by', { wait: { trigger: { by: 'Ann' } } })).toBe('Ann');
});

it('adds no alias for a missing value', () => {
  expect(Object.keys(withAliases({ now: 'x', trigger: null }))).toEqual(['now', 'trigger']);
});
