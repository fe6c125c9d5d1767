import { dwellIdAfterSlug, runWorkflowId, scheduleIdOf, shortKey } from './workflow-id';

const run = {
  mode: 'single',
  scope: 'context_key' as const,
  contextKey: 'payments',
  id: '01a21f80-b4dc-7000-8000-00000000abcd',
};

describe('workflow ids', () => {
  it('contain the automation and the context key', () => {
    expect(runWorkflowId(run, 'page-until-acknowledged')).toBe('page-until-acknowledged/payments');
    expect(runWorkflowId({ ...run, contextKey: null }, 'page')).toBe('page/-');
    expect(runWorkflowId({ ...run, scope: 'automation' }, 'page')).toBe('page');
    expect(runWorkflowId({ ...run, mode: 'queued' }, 'page')).toBe('page/payments');
  });

  it('end with the last 12 characters of the run id in parallel mode, even if the automation has a single bucket', () => {
    expect(runWorkflowId({ ...run, mode: 'parallel' }, 'page')).toBe('page/payments/00000000abcd');
    expect(runWorkflowId({ ...run, mode: 'parallel', scope: 'automation', contextKey: null }, 'page')).toBe(
      'page/-/00000000abcd',
    );
  });

  it('differ for keys that contain separators', () => {
    const keys = ['a/b', 'a%2Fb', 'a%b', '-', '', 'a'];
    const ids = keys.map((contextKey) => runWorkflowId({ ...run, contextKey }, 'page'));
    expect(ids).toEqual(['page/a%2Fb', 'page/a%252Fb', 'page/a%25b', 'page/%2D', 'page/-', 'page/a']);
  });

  it('contain long keys in shortened form', () => {
    const contextKey = 'x'.repeat(500);
    expect(runWorkflowId({ ...run, contextKey }, 'page')).toBe(`page/${shortKey(contextKey)}`);
    expect(shortKey(contextKey)).toHaveLength(113);
  });

  it('of dwells and schedules contain the trigger', () => {
    expect(dwellIdAfterSlug('unhealthy', 'payments')).toBe('/unhealthy/payments/for');
    expect(dwellIdAfterSlug('unhealthy', null)).toBe('/unhealthy/-/for');
    expect(scheduleIdOf('nightly-report', 'every/night')).toBe('nightly-report/every%2Fnight');
  });
});
