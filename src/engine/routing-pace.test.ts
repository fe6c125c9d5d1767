import { createRoutingPace } from './routing-pace';

const QUICK = { readMs: 2, ms: 20, workers: 1 };

describe('pace of routing', () => {
  test('reads more while rounds are quick, and less while they are slow, within bounds', () => {
    const pace = createRoutingPace();
    expect(pace.limit()).toBe(128);
    expect(pace.adapt({ ...QUICK, changes: 128, waiting: 0 })).toBe(0);
    expect(pace.limit()).toBe(256);
    pace.adapt({ ...QUICK, ms: 80, changes: 256, waiting: 0 });
    expect(pace.limit()).toBe(128);
    pace.adapt({ ...QUICK, ms: 1_000, changes: 128, waiting: 0 });
    expect(pace.limit()).toBe(16);
    pace.adapt({ ...QUICK, ms: 0.1, changes: 16, waiting: 0 });
    expect(pace.limit()).toBe(500);
  });

  test('makes rounds longer if reads are slow', () => {
    const pace = createRoutingPace();
    pace.adapt({ ...QUICK, readMs: 20, ms: 100, changes: 100, waiting: 0 });
    expect(pace.limit()).toBe(100);
  });

  test('admits few runs at once, with pauses, while they have to wait for slots', () => {
    const pace = createRoutingPace();
    expect(pace.adapt({ ...QUICK, changes: 128, waiting: 128 })).toBe(96);
    expect(pace.limit()).toBe(16);
    expect(pace.adapt({ ...QUICK, changes: 16, waiting: 16 })).toBe(96);
    expect(pace.limit()).toBe(16);
    expect(pace.adapt({ ...QUICK, changes: 16, waiting: 0 })).toBe(0);
    expect(pace.limit()).toBe(32);
  });

  test('pauses less while other changes are routed in the same round', () => {
    const pace = createRoutingPace();
    expect(pace.adapt({ ...QUICK, changes: 32, waiting: 16 })).toBe(48);
    expect(pace.limit()).toBe(32);
    expect(pace.adapt({ ...QUICK, changes: 200, waiting: 2 })).toBeCloseTo(0.12);
    expect(pace.limit()).toBe(400);
  });

  test('pauses less while other workers can start the waiting runs', () => {
    const pace = createRoutingPace();
    expect(pace.adapt({ ...QUICK, changes: 16, waiting: 16, workers: 4 })).toBe(24);
  });

  test('pauses no longer if each change starts several runs', () => {
    const pace = createRoutingPace();
    expect(pace.adapt({ ...QUICK, changes: 16, waiting: 48 })).toBe(96);
    expect(pace.limit()).toBe(16);
  });
});
