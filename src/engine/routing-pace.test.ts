import { createRoutingPace } from './routing-pace';

const QUICK = { readMs: 2, ms: 20 };

describe('pace of routing', () => {
  test('reads more while rounds are quick, and less while they are slow, within bounds', () => {
    const pace = createRoutingPace();
    expect(pace.limit()).toBe(128);
    expect(pace.adapt({ ...QUICK, changes: 128, waiting: 0 })).toBe(0);
    expect(pace.limit()).toBe(256);
    pace.adapt({ readMs: 2, ms: 80, changes: 256, waiting: 0 });
    expect(pace.limit()).toBe(128);
    pace.adapt({ readMs: 2, ms: 1_000, changes: 128, waiting: 0 });
    expect(pace.limit()).toBe(16);
    pace.adapt({ readMs: 2, ms: 0.1, changes: 16, waiting: 0 });
    expect(pace.limit()).toBe(500);
  });

  test('makes rounds longer if reads are slow', () => {
    const pace = createRoutingPace();
    pace.adapt({ readMs: 20, ms: 100, changes: 100, waiting: 0 });
    expect(pace.limit()).toBe(100);
  });

  test('admits few runs at once, with pauses, while they have to wait for slots', () => {
    const pace = createRoutingPace();
    expect(pace.adapt({ ...QUICK, changes: 128, waiting: 128 })).toBe(24);
    expect(pace.limit()).toBe(16);
    expect(pace.adapt({ ...QUICK, changes: 16, waiting: 16 })).toBe(24);
    expect(pace.limit()).toBe(16);
    expect(pace.adapt({ ...QUICK, changes: 16, waiting: 0 })).toBe(0);
    expect(pace.limit()).toBe(32);
  });

  test('hardly delays changes that start no run, even if a few runs have to wait', () => {
    const pace = createRoutingPace();
    expect(pace.adapt({ ...QUICK, changes: 200, waiting: 2 })).toBe(3);
    expect(pace.limit()).toBe(400);
  });
});
