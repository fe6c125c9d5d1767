import { labelsText, runTotals } from './run-metrics';

const of = (labels: Record<string, string>, value: number) => ({
  name: 'fermata_runs_total',
  labels: labelsText(labels),
  value,
});

describe('totals of runs', () => {
  test('each named automation has a series for each status from the start, so that its first failure is an increase', () => {
    expect(runTotals([of({ automation: 'a', status: 'failed' }, 2)], ['a', 'b'])).toEqual([
      of({ automation: 'a', status: 'success' }, 0),
      of({ automation: 'a', status: 'failed' }, 2),
      of({ automation: 'a', status: 'cancelled' }, 0),
      of({ automation: 'b', status: 'success' }, 0),
      of({ automation: 'b', status: 'failed' }, 0),
      of({ automation: 'b', status: 'cancelled' }, 0),
      of({ automation: 'other', status: 'success' }, 0),
      of({ automation: 'other', status: 'failed' }, 0),
      of({ automation: 'other', status: 'cancelled' }, 0),
    ]);
  });

  test('names that are not among the reported ones are left out, whatever was counted for them', () => {
    const shown = runTotals([of({ automation: 'gone', status: 'failed' }, 7)], []);
    expect(shown.map(({ labels }) => labels)).toEqual([
      'automation="other",status="success"',
      'automation="other",status="failed"',
      'automation="other",status="cancelled"',
    ]);
  });

  test('two automations of one name share their series', () => {
    expect(runTotals([], ['same', 'same'])).toHaveLength(6);
  });

  test('quotes, backslashes and line breaks of names are escaped', () => {
    expect(labelsText({ status: 'failed', automation: 'a "b" \\ c\nd' })).toBe(
      'automation="a \\"b\\" \\\\ c\\nd",status="failed"',
    );
  });
});
