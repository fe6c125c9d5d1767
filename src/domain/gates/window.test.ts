import { windowFires, type WindowRule } from './window';

/** Returns which of several consecutive arrivals fire. Arrivals are given as times in minutes. */
function fired(rule: Partial<WindowRule>, minutes: readonly number[]): number[] {
  const full: WindowRule = { count: 3, minutes: 10, refire: 'every', ...rule };
  const arrivals = minutes.map((minute) => minute * 60_000);
  return minutes.filter((_, index) => windowFires(full, arrivals[index] ?? 0, arrivals.slice(0, index)));
}

describe('a window', () => {
  it('fires for the n-th event and each later event', () => {
    expect(fired({}, [0, 1, 2, 3, 4])).toEqual([2, 3, 4]);
  });
  it('counts an event at its lower bound, and none before it', () => {
    expect(fired({}, [0, 5, 10])).toEqual([10]);
    expect(fired({}, [0, 5, 10.001])).toEqual([]);
  });
  it('ends at the newest event, even if a late one arrives', () => {
    expect(fired({}, [20, 21, 15])).toEqual([15]);
    expect(fired({}, [20, 21, 5])).toEqual([]);
  });
  it('fires once for a continuous stream, and again only after a pause', () => {
    expect(fired({ refire: 'once' }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])).toEqual([2]);
    expect(fired({ refire: 'once' }, [0, 1, 2, 3, 30, 31, 32, 33])).toEqual([2, 32]);
  });
  it('of one event fires for the first, and again after a pause as long as the window', () => {
    expect(fired({ refire: 'once', count: 1 }, [0, 1, 9, 20, 21])).toEqual([0, 20]);
    expect(fired({ count: 1 }, [0, 1])).toEqual([0, 1]);
  });
});
