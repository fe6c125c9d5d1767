import { withAliases } from './aliases';
import { evaluate } from './evaluate';
import { parseExpression } from './parse';

const run = (source: string, scope: Record<string, unknown>): unknown =>
  evaluate(parseExpression(source), withAliases(scope));

it('provides other names for variables, the event and the end of a wait', () => {
  const scope = {
    variables: { a: 1 },
    trigger: { event: 'incident.created', payload: {} },
    wait: { completed: true, trigger: { event: 'x.y', payload: { by: 'Ann' } } },
  };
  expect(run('[vars.a, var.a, trigger.eventId, resume.payload.by]', scope)).toEqual([1, 1, 'incident.created', 'Ann']);
  expect(Object.keys(scope)).toEqual(['variables', 'trigger', 'wait']);
  expect('eventId' in scope.trigger).toBe(false);
});

it('accepts a waking event that consists only of its payload', () => {
  expect(run('resume.payload.by', { wait: { trigger: { by: 'Ann' } } })).toBe('Ann');
});

it('adds nothing if there is nothing to name', () => {
  expect(Object.keys(withAliases({ now: 'x', trigger: null }))).toEqual(['now', 'trigger']);
});
