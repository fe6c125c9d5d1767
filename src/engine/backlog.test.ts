import { createBacklog, type BacklogEntry } from './backlog';

const entry = (seq: number, entity: string, name = 't'): BacklogEntry => ({
  ...{ seq, entity, class: name, recordedAt: '2026-01-01 00:00:00+00' },
});
const never = () => false;
const seqs = (entries: readonly BacklogEntry[]) => entries.map(({ seq }) => seq);

describe('the backlog', () => {
  it('gives classes turns, and entities within a class', () => {
    const backlog = createBacklog();
    backlog.add([entry(1, 'a'), entry(2, 'a'), entry(3, 'a'), entry(4, 'b'), entry(5, 'c', 'u'), entry(6, 'c', 'u')]);
    expect(seqs(backlog.take(10, never))).toEqual([1, 4, 5, 2, 6, 3]);
    expect(backlog.size()).toBe(0);
  });

  it('gives a new class one of the next two turns', () => {
    const backlog = createBacklog();
    for (let n = 0; n < 200; n += 1) backlog.add([entry(n, `e${n}`, `class ${n % 20}`)]);
    backlog.take(60, never);
    backlog.add([entry(1_000, 'quiet', 'quiet')]);
    expect(seqs(backlog.take(2, never))).toContain(1_000);
  });

  it('gives the others every second turn when there are many new classes', () => {
    const backlog = createBacklog();
    for (let n = 0; n < 100; n += 1) backlog.add([entry(n, `e${n}`, 'old')]);
    backlog.take(1, never);
    for (let n = 0; n < 100; n += 1) backlog.add([entry(1_000 + n, `f${n}`, `new ${n}`)]);
    const taken = seqs(backlog.take(20, never));
    expect(taken.filter((seq) => seq < 1_000)).toHaveLength(10);
    expect(taken.filter((seq) => seq >= 1_000)).toHaveLength(10);
  });

  it('gives a class with one entity no more turns than a class with many', () => {
    const backlog = createBacklog();
    for (let n = 0; n < 300; n += 1) backlog.add([entry(n, `e${n}`, `class ${n % 3}`)]);
    for (let n = 0; n < 300; n += 1) backlog.add([entry(1_000 + n, 'one', 'one')]);
    backlog.take(8, never);
    expect(seqs(backlog.take(80, never)).filter((seq) => seq >= 1_000)).toHaveLength(20);
  });

  it('keeps the changes of an entity in order when they belong to several classes or arrive out of order', () => {
    const backlog = createBacklog();
    backlog.add([entry(5, 'a', 'u'), entry(9, 'a'), entry(7, 'a', 'v'), entry(1, 'a'), entry(3, 'b', 'u')]);
    backlog.add([entry(7, 'a', 'v')]);
    expect(backlog.size()).toBe(5);
    expect(seqs(backlog.take(10, never)).filter((seq) => seq !== 3)).toEqual([1, 5, 7, 9]);
  });

  it('keeps changes of resting entities until the entities no longer rest', () => {
    const backlog = createBacklog();
    backlog.add([entry(1, 'a'), entry(2, 'b'), entry(3, 'c', 'u')]);
    expect(seqs(backlog.take(10, (entity) => entity === 'a')).toSorted()).toEqual([2, 3]);
    expect(backlog.size()).toBe(1);
    expect(backlog.take(10, (entity) => entity === 'a')).toEqual([]);
    expect(seqs(backlog.take(10, never))).toEqual([1]);
    expect(backlog.take(10, never)).toEqual([]);
  });

  it('compares changes with an entity of 100,000 changes without reading all of them for each', () => {
    const backlog = createBacklog();
    let reads = 0;
    const entries = Array.from({ length: 100_000 }, (_, n) => ({
      ...entry(n, 'one'),
      get seq() {
        reads += 1;
        return n;
      },
    }));
    backlog.add(entries);
    backlog.add(entries.slice(0, 1_000));
    expect(backlog.size()).toBe(100_000);
    expect(reads).toBeLessThan(101_000 * 50);
  });

  it('returns every change once, in order for each entity, in any sequence of adding and taking', () => {
    let state = 7;
    const random = (below: number) => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    const backlog = createBacklog();
    const taken: BacklogEntry[] = [];
    let seq = 0;
    for (let round = 0; round < 500; round += 1) {
      const added = Array.from({ length: random(8) }, () => entry((seq += 1), `e${random(9)}`, `c${random(4)}`));
      backlog.add(added);
      const resting = `e${random(9)}`;
      const now = backlog.take(random(8), (entity) => entity === resting);
      expect(now.map(({ entity }) => entity)).not.toContain(resting);
      // Some of the taken changes could not be routed.
      const keep = random(3) === 0 ? 0 : now.length;
      taken.push(...now.slice(0, keep));
      backlog.add(now.slice(keep));
      expect(backlog.size()).toBe(seq - taken.length);
    }
    taken.push(...backlog.take(seq, never));
    expect(seqs(taken).toSorted((a, b) => a - b)).toEqual(Array.from({ length: seq }, (_, n) => n + 1));
    for (let n = 0; n < 9; n += 1) {
      const own = seqs(taken.filter(({ entity }) => entity === `e${n}`));
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  });
});
