import { packRefusals, unpackRefusals, type Refused } from './packed-refusals';

const refusal = (changeId: string, more: Partial<Refused> = {}): Refused => ({
  ...{ changeId, automationId: 'a', automationName: 'A', triggerId: 't', version: 3, outcome: 'filter' },
  ...{ detail: 'The filter is false.', ...more },
});
const deciding = (found: string) => ({ path: 'triggers[0].filter', expression: 'x == 1', found, wanted: 1 });

describe('packed refusals', () => {
  test('return each change with its own deciding parts, in their order', () => {
    const first = [
      refusal('c1', { deciding: deciding('low') }),
      refusal('c1', { automationId: 'b', automationName: 'B', outcome: 'disabled', detail: undefined }),
    ];
    const second = [refusal('c2', { deciding: [deciding('high')] })];
    const [pack, ...others] = packRefusals([first, [], second]);
    expect(others).toEqual([]);
    expect(pack?.changeIds).toEqual(['c1', 'c2']);
    const without = (refusals: Refused[]) => refusals.map(({ changeId: _, ...rest }) => rest);
    expect(pack && unpackRefusals(pack, 'c1')).toEqual(without(first));
    expect(pack && unpackRefusals(pack, 'c2')).toEqual(without(second));
    expect(pack && unpackRefusals(pack, 'c3')).toEqual([]);
  });

  test('store a text that many changes share once', () => {
    const changes = Array.from({ length: 60 }, (_, n) => [refusal(`c${n}`)]);
    const [pack] = packRefusals(changes);
    expect(pack?.refused.match(/The filter is false/g)).toHaveLength(1);
  });

  test('keep refusals apart that differ in version, trigger, reason, dwell or count', () => {
    const refusals = [
      refusal('c'),
      refusal('c', { version: 4 }),
      refusal('c', { triggerId: 'u' }),
      refusal('c', { detail: 'Another reason' }),
      refusal('c', { dwell: { armedAt: 'now' } }),
      refusal('c', { counted: { count: 1, needed: 2 } }),
    ];
    const [pack] = packRefusals([refusals]);
    const found = pack ? unpackRefusals(pack, 'c') : [];
    expect(found.map((each) => ({ changeId: 'c', ...each }))).toEqual(refusals);
  });

  test('are split into rows of about 500; those of one change stay in one row', () => {
    const crowd = (changeId: string, count: number) =>
      Array.from({ length: count }, (_, n) => refusal(changeId, { triggerId: `t${n}` }));
    const packs = packRefusals([crowd('c1', 300), crowd('c2', 300), crowd('c3', 700), crowd('c4', 1)]);
    expect(packs.map(({ changeIds }) => changeIds)).toEqual([['c1'], ['c2'], ['c3'], ['c4']]);
    expect(packs[2] && unpackRefusals(packs[2], 'c3')).toHaveLength(700);
    expect(packRefusals([])).toEqual([]);
  });

  test('contain no text that Postgres cannot store', () => {
    const [pack] = packRefusals([[refusal('c', { detail: 'a\0b', deciding: deciding('\ud800') })]]);
    expect(pack && unpackRefusals(pack, 'c')[0]).toMatchObject({ detail: 'ab', deciding: { found: '\ufffd' } });
  });
});
