import { withAliases } from './aliases';
import { evaluate } from './evaluate';
import { parseExpression } from './parse';

const run = (source: string, scope: Record<string, unknown>): unknown =>
  evaluate(parseExpression(source), withAliases(scope));

it('gives the other names to variables, the event and what ended a wait', () => {
  const scope = {
    variables: { a: 1 },
    trigger: { event: 'incident.created', payload: {} },
    wait: { completed: true, trigger: { event: 'x.y', payload: { by: 'Ann' } } },
  };
  expect(run('[vars.a, var.a, trigger.eventId, resume.payload.by]', scope)).toEqual([1, 1, 'incident.created', 'Ann']);
  expect(Object.keys(scope)).toEqual(['variables', 'trigger', 'wait']);
  expect('eventId' in scope.trigger).toBe(false);
});

it('takes a waking event that is its payload alone', () => {
  expect(run('resume.payload.by', { wait: { trigger: { by: 'Ann' } } })).toBe('Ann');
});

it('adds nothing where there is nothing', () => {
  expect(Object.keys(withAliases({ now: 'x', trigger: null }))).toEqual(['now', 'trigger']);
});
