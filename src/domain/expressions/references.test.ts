import { parseExpression } from './parse';
import { extractPaths } from './paths';
import { extractReferences, type ReferenceOptions } from './references';
import { systemOfRun } from './system-of-run';
import { parseTemplate } from './template';

const scope = {
  trigger: { payload: { id: 'i-1', number: 7, empty: '' } },
  repeat: { item: { systemId: 'db' } },
  wait: { changed: { id: 'i-9' } },
};
function refs(source: string, options?: ReferenceOptions & { bare?: boolean }): string[] {
  const found = extractReferences(parseExpression(source), options?.bare === true ? undefined : scope, options);
  return [...found.refs.map(({ kind, id }) => `${kind}:${id}`), ...(found.indeterminate ? ['?'] : [])];
}

describe('references', () => {
  it.each<[string, string[]]>([
    ['trigger.payload.id == 1', []],
    ['health.system.status', ['health:$system']],
    ['health["system"].status', ['health:$system']],
    ['health.systems["db-1"].status', ['health:db-1']],
    ['health.systems.web.status', ['health:web']],
    ['health.systems[repeat.item.systemId].status', ['health:db']],
    ['health.systems[trigger.payload.none].status', ['health:*']],
    ['health.systems | json', ['health:*']],
    ['(health | default([])).system', ['health:*', 'health:$system']],
    ['health.unknown', []],
    ['state.incident["i 1"].status', ['incident:i 1']],
    ['state["catalog-system"]["web"].name', ['catalog-system:web']],
    ['state.health.web.status', ['health:web']],
    ['state.incident[trigger.payload.id].status', ['incident:i-1']],
    ['state.incident[trigger.payload.number].status', ['incident:7']],
    ['state.incident["i-" + "1"].status', ['incident:i-1']],
    ['state.incident[trigger.payload.empty].status', ['incident:*']],
    ['state.incident[1 - null].status', ['incident:*']],
    ['state.incident | length', ['incident:*']],
    ['state.incident[wait.changed.id].status', ['incident:*']],
    ['state.incident[health.system.status].x', ['incident:*', 'health:$system']],
    ['state[trigger.payload.id].x.y', ['i-1:x']],
    ['state[health.system.status].x', ['?', 'health:$system'].reverse()],
    ['state', ['?']],
    ['a ? state.a.b.c : [!state.c.d.e, state.a.b.f]', ['a:b', 'c:d']],
    ['x | default(state.a.b.c) | where("f", health.systems.y.status)', ['a:b', 'health:y']],
  ])('of %s', (source, expected) => {
    expect(refs(source)).toEqual(expected);
  });

  it('are wildcards without a scope', () => {
    expect(refs('state.incident[trigger.payload.id].status', { bare: true })).toEqual(['incident:*']);
    expect(refs('state[trigger.payload.id].x', { bare: true })).toEqual(['?']);
  });

  it('contain the system of the run if it is known, and otherwise omit it', () => {
    expect(refs('health.system.status', { systemId: 'web' })).toEqual(['health:web']);
    expect(refs('health.system.status', { systemId: null })).toEqual([]);
  });

  it('are found in templates and in lists of templates', () => {
    const sources = [
      parseTemplate('a {{ state.a.b.c }} ${{ secrets.X }} {{ state.c.d }}'),
      [parseExpression('state.a.b')],
    ];
    expect(extractReferences(sources).refs).toEqual([
      { kind: 'a', id: 'b' },
      { kind: 'c', id: 'd' },
    ]);
  });

  it('contain the position of a reference that cannot be determined', () => {
    expect(extractReferences(parseTemplate('a\nb {{ state[x].y }}')).indeterminateAt).toEqual([{ line: 2, column: 6 }]);
  });
});

it('extractPaths returns the literal part of every path, with its position', () => {
  const source = parseTemplate('{{ artifacts.open.issue.issueKey }} {{ a[b.c]["d"] | f(x[0]) }}');
  expect(extractPaths(source)).toEqual([
    { segments: ['artifacts', 'open', 'issue', 'issueKey'], complete: true, offset: 3, line: 1, column: 4 },
    { segments: ['a'], complete: false, offset: 39, line: 1, column: 40 },
    { segments: ['b', 'c'], complete: true, offset: 41, line: 1, column: 42 },
    { segments: ['x', 0], complete: true, offset: 55, line: 1, column: 56 },
  ]);
});

it.each([
  ['key', { systemId: 'a' }, 'key'],
  [null, { systemId: 'a', systemIds: ['b'] }, 'a'],
  ['', { systemIds: ['b', 'c'] }, 'b'],
  [undefined, { systemId: 5 }, null],
  ['i1', { incidentId: 'i1', systemIds: ['b', 'c'] }, 'b'],
  ['i1', { incidentId: 'i1', systemIds: [] }, null],
  ['m1', { maintenanceId: 'm1', systemIds: ['b'] }, 'b'],
  ['key', { incidentId: 'i1', systemIds: ['b'] }, 'key'],
  [null, null, null],
])('the system of a run with context key %j and payload %j is %j', (contextKey, payload, expected) => {
  expect(systemOfRun(contextKey, payload)).toBe(expected);
});
