import { Client, Connection } from '@temporalio/client';
import { sql } from 'drizzle-orm';
import type { Engine, RunRow } from '../support/engine';

/**
 * Checks I1: each change that matches a trigger has started a run or has a recorded reason for not starting one. Events
 * of the type `go` are excluded, because only waits match them.
 */
export async function expectNothingLost({ database }: Engine): Promise<void> {
  const { rows } = await database.db.execute(sql`
    select c.seq, c.event, c.payload from changes c
    where c.kind in ('automation.event', 'tide') and c.payload ->> 'type' is distinct from 'go'
      and (c.routed_at is null or not exists (select 1 from runs r where r.change_id = c.change_id)
        and not exists (select 1 from routings o where o.change_id = c.change_id or c.change_id = any(o.change_ids)))`);
  expect(rows).toEqual([]);
}

/** Checks I2: there is at most one run per automation, trigger and change. */
export async function expectNoDuplicateRuns({ database }: Engine): Promise<void> {
  const { rows } = await database.db.execute(sql`
    select change_id from runs where change_id is not null group by automation_id, trigger_id, change_id having count(*) > 1`);
  expect(rows).toEqual([]);
}

/** Checks I3: no open steps, waits or secrets of ended runs remain. */
export async function expectNothingLeft({ database }: Engine): Promise<void> {
  const { rows } = await database.db.execute(sql`
    select 'step' as what, s.run_id, s.path from run_steps s where s.status in ('pending', 'running', 'waiting')
    union all select 'wait', w.run_id, w.path from waits w
    union all select 'secret', u.run_id, u.source from run_secrets u`);
  expect(rows).toEqual([]);
}

/**
 * Checks I4: each effect has one idempotency key, even if it was repeated, and every successful run has all of its
 * effects.
 */
export function expectOneKeyForEachEffect(
  { receiver }: Engine,
  runs: readonly RunRow[],
  effects: readonly number[],
): void {
  const keys = new Map<string, Set<string>>();
  for (const { key, path } of receiver.received) keys.set(path, (keys.get(path) ?? new Set()).add(key));
  for (const run of runs.filter(({ status }) => status === 'success')) {
    for (const n of effects) {
      expect({ run: run.id, n, keys: keys.get(`/${n}/${run.id}`)?.size }).toEqual({ run: run.id, n, keys: 1 });
    }
  }
}

/**
 * Checks I5: in a scope with the mode `single` or `queued`, no effect of a run arrives for the first time after an
 * effect of a later run.
 */
export function expectInOrder({ receiver }: Engine, runs: readonly RunRow[]): void {
  const order = new Map(runs.map((run, index) => [run.id, index]));
  let newest = -1;
  for (const path of new Set(receiver.received.map((entry) => entry.path))) {
    const index = order.get(path.split('/')[2] ?? '');
    if (index === undefined) continue;
    expect(index).toBeGreaterThanOrEqual(newest);
    newest = index;
  }
}

/** Checks I6: a window of three fires for the third event and for every later event. */
export async function expectWindows(engine: Engine, automationId: string, events: number): Promise<void> {
  const runs = await engine.runs(automationId);
  expect({ events, runs: runs.length }).toEqual({ events, runs: Math.max(0, events - 2) });
}

/** Checks I7: a secret that runs have sent does not appear in anything that was written. */
export async function expectNoSecret({ database }: Engine, secret: string, outputs: readonly string[]): Promise<void> {
  for (const table of ['runs', 'run_steps', 'artifacts', 'changes', 'evaluations', 'routings', 'audit_log']) {
    const { rows } = await database.db.execute(
      sql`select count(*)::int as found from ${sql.identifier(table)} t where strpos(t::text, ${secret}) > 0`,
    );
    expect({ table, found: rows[0]?.['found'] }).toEqual({ table, found: 0 });
  }
  for (const output of outputs) expect(output.includes(secret)).toBe(false);
}

/** Checks I8: once all rows have ended, Temporal has no open executions of runs. */
export async function expectNoOpenExecutions({ temporal }: Engine): Promise<void> {
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const client = new Client({ connection, namespace: temporal.namespace });
    const query = `TaskQueue = '${temporal.taskQueue}' and WorkflowType = 'automation' and ExecutionStatus = 'Running'`;
    let open: string[] = [];
    // Temporal's visibility is updated with a delay, and executions complete slightly later than their rows.
    for (let tries = 0; tries < 60; tries += 1) {
      open = [];
      for await (const execution of client.workflow.list({ query })) open.push(execution.workflowId);
      if (open.length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    expect(open).toEqual([]);
  } finally {
    await connection.close();
  }
}
