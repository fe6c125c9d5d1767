import { PgDialect } from 'drizzle-orm/pg-core';
import type { SQL } from 'drizzle-orm';
import { dwellGateId } from '../../domain/gates/gate-id';
import { fireDwell, type FireDeps } from './fire-dwell';

const DEADLINE = new Date('2026-11-30T12:00:00Z');
const LATE = new Date(DEADLINE.getTime() + 3_600_000);
const trigger = {
  ...{ id: 't', event: 'light.on', enabled: true, config: {}, for: { minutes: 3, missed: 'report' as const } },
};

/** Returns the statements of an attempt to fire a dwell whose cause has ended after its deadline. */
async function statementsOf(keepsRoutings: boolean): Promise<string[]> {
  const statements: string[] = [];
  const row = {
    ...{
      id: 'd',
      automation_id: 'a',
      trigger_id: 't',
      context_key: 'k',
      status: 'armed',
      kind: 'light',
      entity_id: 'l',
    },
    ...{ event: 'light.on', config: {}, change_id: 'c', trigger_scope: {}, caused_by: null, depth: 0 },
    ...{ gate: dwellGateId(trigger as never), armed_at: DEADLINE, fires_at: DEADLINE, last_fired_at: null },
  };
  const execute = (query: SQL) => {
    const { sql } = new PgDialect().sqlToQuery(query);
    statements.push(sql);
    // A change from after the deadline, which ended the cause, has not been routed yet.
    if (sql.includes('bool_or')) return Promise.resolve({ rows: [{ before: false, any: true }] });
    return Promise.resolve({ rows: [row], rowCount: 1 });
  };
  const holds = { test: () => false };
  const automation = { id: 'a', name: 'Light', version: 1, triggers: [trigger] };
  const deps = {
    ...{ keepsRoutings, clock: { now: () => LATE }, follower: { catchUpNow: () => Promise.resolve() } },
    database: { db: { transaction: (work: (tx: object) => unknown) => Promise.resolve(work({ execute })) } },
    index: { lacking: () => null, find: () => ({ automation, trigger, type: { holds } }) },
    entities: { clock: { now: () => LATE }, get: () => Promise.resolve(null) },
    ...{ failpoint: () => undefined, onOutcome: () => undefined, evaluations: { record: () => undefined } },
  } as unknown as FireDeps;
  expect(await fireDwell(deps, 'd')).toEqual({ done: true });
  return statements;
}

describe('a dwell that is too late to fire, and whose trigger requests a report', () => {
  it('is reported with the change that armed it', async () => {
    const statements = await statementsOf(true);
    expect(statements.filter((sql) => sql.includes('insert into routings'))).toHaveLength(1);
    expect(statements.some((sql) => sql.includes(`set status = 'idle'`))).toBe(true);
  });

  it('is not written to routings when routings are not kept', async () => {
    expect((await statementsOf(false)).filter((sql) => sql.includes('insert into routings'))).toEqual([]);
  });
});
