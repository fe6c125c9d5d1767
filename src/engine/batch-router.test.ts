import type { Change } from '../domain/entities/change';
import { takeBatch, type Routable } from './batch-router';

function routable(seq: number, id: string, more: Partial<Routable> = {}): Routable {
  const change: Change = {
    ...{ changeId: String(seq), seq, kind: 'k', id, causedBy: null, depth: 0, occurredAt: new Date(seq) },
    ...{ actor: { type: 'user', id: 'u' }, shape: 'event', event: 'e', payload: {} },
  };
  const fence = { seq, partition: 0, epoch: 1 };
  return {
    ...{ change, fence, attempts: 0, listeners: [], candidates: [], refusals: [], notes: [] },
    ...{ hasDwells: false, isRetried: false },
    ...more,
  };
}

const seqs = (changes: readonly Routable[]) => changes.map(({ change }) => change.seq);

describe('takeBatch', () => {
  it('takes changes in the order of the log, even several of one entity, up to the limit', () => {
    const changes = [routable(1, 'a'), routable(2, 'b'), routable(3, 'a'), routable(4, 'c')];
    const { batch, rest } = takeBatch(changes, 3);
    expect(seqs(batch)).toEqual([1, 2, 3]);
    expect(seqs(rest)).toEqual([4]);
  });

  it('takes no further change of an entity after a change that may start or end a dwell', () => {
    const changes = [routable(1, 'a', { hasDwells: true }), routable(2, 'a'), routable(3, 'b')];
    const { batch, rest } = takeBatch(changes);
    expect(seqs(batch)).toEqual([1, 3]);
    expect(seqs(rest)).toEqual([2]);
  });

  it('leaves such a change and all later ones for the next batch if the current batch contains its entity', () => {
    const changes = [routable(1, 'a'), routable(2, 'a', { hasDwells: true }), routable(3, 'a'), routable(4, 'b')];
    const { batch, rest } = takeBatch(changes);
    expect(seqs(batch)).toEqual([1, 4]);
    expect(seqs(rest)).toEqual([2, 3]);
  });

  it('never takes a change before an earlier one of its entity that did not fit', () => {
    const changes = [routable(1, 'a'), routable(2, 'b'), routable(3, 'c'), routable(4, 'c')];
    const first = takeBatch(changes, 2);
    expect(seqs(first.rest)).toEqual([3, 4]);
    expect(seqs(takeBatch(first.rest, 1).batch)).toEqual([3]);
  });
});
