import { createdBy } from './created';

describe('createdBy', () => {
  it('returns the id and the name or title of the created object', () => {
    expect(createdBy({ id: 'a', name: 'Page', definition: {} })).toEqual({ created: { id: 'a', name: 'Page' } });
    expect(createdBy({ id: 'b', title: 'db upgrade' })).toEqual({ created: { id: 'b', name: 'db upgrade' } });
    expect(createdBy({ runId: 'c' })).toEqual({ created: { id: 'c' } });
  });

  it('returns each automation that a GitOps call created', () => {
    const results = ['created', 'updated'].map((action) => ({ id: action, name: `is ${action}`, action }));
    expect(createdBy({ results })).toEqual({ created: [{ id: 'created', name: 'is created' }] });
    expect(createdBy({ results: results.slice(1) })).toEqual({});
  });

  it('returns nothing else from the response, and at most 200 characters', () => {
    expect(createdBy({ id: 't', name: 'n', token: 'fmt_secret' })).toEqual({ created: { id: 't', name: 'n' } });
    expect(createdBy({ name: 'x'.repeat(500) })).toEqual({ created: { name: `${'x'.repeat(199)}…` } });
    expect([createdBy(undefined), createdBy('text'), createdBy({ accepted: 1 })]).toEqual([{}, {}, {}]);
  });
});
