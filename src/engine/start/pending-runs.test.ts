import { setTimeout as pause } from 'node:timers/promises';
import type { Executor } from '../../db/executor';
import type { StartableRun } from '../../db/runs/start-queue';
import { createPendingRuns } from './pending-runs';
import { createRunSlots } from './run-slots';

const rowOf = (n: number) => ({
  ...{ id: `r${n}`, automation_id: `a${n}`, name: 'a', group: null, version: 1, mode: 'parallel', trigger_id: null },
  ...{ trigger_event: null, context_key: null, workflow_id: `w${n}`, was_lost: false, actions: [], waiting: [] },
});

/**
 * Returns a fake table with one waiting run for each of `count` automations. It returns the runs when they are taken,
 * and counts statements.
 */
function table(count: number) {
  const left = Array.from({ length: count }, (_, n) => rowOf(n));
  let statements = 0;
  const db = {
    execute: () => {
      statements += 1;
      return Promise.resolve({ rows: left.splice(0) });
    },
  };
  return { db: db as unknown as Executor, statements: () => statements };
}

/** Returns fake attempts that stay in progress until `end` is called. */
function attempts() {
  const begun: string[] = [];
  const open: ((isThere: boolean) => void)[] = [];
  return {
    begun,
    attempt: ({ id }: StartableRun) => {
      begun.push(id);
      return new Promise<boolean>((resolve) => open.push(resolve));
    },
    isUnreachable: () => false,
    noteFailure: () => undefined,
    noteDone: () => undefined,
    async end(isThere: boolean, count = open.length) {
      for (const resolve of open.splice(0, count)) resolve(isThere);
      for (let turn = 0; turn < 10; turn += 1) await pause(0);
    },
  };
}

const others = { onAllStarted: () => undefined };

const newSlots = () => createRunSlots({ slots: 200, activities: 200, onFree: () => undefined });

describe('pending runs in the table', () => {
  it('are started concurrently, 40 at a time', async () => {
    const slots = newSlots();
    const starting = attempts();
    const sweep = createPendingRuns({ db: table(100).db, slots, attempts: starting, ...others }).sweep();
    await pause(0);
    await starting.end(true, 0);
    expect(starting.begun).toHaveLength(40);
    await starting.end(true, 10);
    expect(starting.begun).toHaveLength(50);
    for (let round = 0; round < 5; round += 1) await starting.end(true);
    await sweep;
    expect(starting.begun).toHaveLength(100);
    expect(new Set(starting.begun).size).toBe(100);
  });

  it('are put back and their slots are released if Temporal is unavailable', async () => {
    const slots = newSlots();
    const starting = attempts();
    const { db, statements } = table(100);
    const before = slots.free();
    const sweep = createPendingRuns({ db, slots, attempts: starting, ...others }).sweep();
    await pause(0);
    await starting.end(true, 0);
    await starting.end(false);
    expect(await sweep).toBe(false);
    expect(starting.begun).toHaveLength(40);
    expect(slots.free()).toBe(before);
    // One statement takes the runs, another puts them back.
    expect(statements()).toBe(2);
  });

  it('of an automation that has used its share continue when one of its runs ends, even if no new run is reported', async () => {
    const slots = newSlots();
    for (const automation of ['other', 'a']) if (slots.reserve(automation, automation)) slots.release(automation);
    const each = slots.share();
    const left = Array.from({ length: 3 * each }, (_, n) => ({ ...rowOf(n), automation_id: 'a' }));
    const db = {
      execute: () => Promise.resolve({ rows: slots.full().includes('a') ? [] : left.splice(0, each) }),
    } as unknown as Executor;
    const begun: string[] = [];
    const attempts = {
      attempt: ({ id }: StartableRun) => Promise.resolve(begun.push(id) > 0),
      isUnreachable: () => false,
      noteFailure: () => undefined,
      noteDone: () => undefined,
    };
    let allStarted = 0;
    const pending = createPendingRuns({ db, slots, attempts, onAllStarted: () => (allStarted += 1) });
    expect([await pending.sweep(), await pending.sweep(), pending.isAny()]).toEqual([true, false, true]);
    expect(begun).toHaveLength(each);
    expect(allStarted).toBe(0);
    for (let more = true; more;) {
      for (const id of begun) slots.enter(`execution ${id}`, id)();
      more = pending.isAny() && (await pending.sweep());
    }
    expect(begun).toHaveLength(3 * each);
    expect(pending.isAny()).toBe(false);
    expect(allStarted).toBe(1);
  });

  it('are looked for when a slot becomes free, if a sweep found no free slot', async () => {
    const slots = createRunSlots({ slots: 1, activities: 1, onFree: () => undefined });
    const starting = attempts();
    const pending = createPendingRuns({ db: table(1).db, slots, attempts: starting, ...others });
    slots.reserve('another', 'another');
    expect([await pending.sweep(), pending.isAny(), starting.begun]).toEqual([false, true, []]);
    slots.release('another');
    const sweep = pending.sweep();
    await pause(50);
    await starting.end(true);
    await sweep;
    expect(starting.begun).toEqual(['r0']);
  });
});
