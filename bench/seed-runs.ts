import type { PoolClient } from 'pg';
import { inChunks, spreadOver } from './seed-changes';

/** Number of days over which the seeded runs are spread. */
const DAYS = 14;
/** Number of automations with runs. The first automation has half of all runs. */
export const AUTOMATIONS = 200;
const OPEN_RUNS = 600;
export const STEPS_OF_LARGEST = 10_000;

/**
 * Returns an SQL expression for the id of a seeded automation. `n` is an SQL expression for the automation's number,
 * which starts at 0.
 */
const automationId = (n: string) =>
  `overlay(overlay(md5('lists-' || (${n})) placing '4' from 13) placing '8' from 17)::uuid`;

/** The ids of the automations and the run that the measured requests read. */
export interface SeededRuns {
  busiest: string;
  rarest: string;
  /** Id of a run with 10,000 steps. */
  largest: string;
}

/**
 * Inserts automations, the given number of runs with one step each, and 10,000 steps for the newest ended run. 0.3 % of
 * the runs are cancelled, 4 % have failed, and 600 are open. The last automation has ten runs.
 */
export async function seedRuns(client: PoolClient, runs: number): Promise<SeededRuns> {
  await addAutomations(client);
  const { at, id } = await spreadOver(client, runs, DAYS);
  const automation = `case when n % 2 = 0 then 0 when n > ${runs} / 20 then 1 + (n / 2) % ${AUTOMATIONS - 2}
    when n < 20 then ${AUTOMATIONS - 1} else 1 end`;
  const open = `n >= ${runs - OPEN_RUNS}`;
  await inChunks(runs, (from, to) =>
    client.query(
      `insert into runs (id, automation_id, version, scope_key, mode, status, trigger_id, trigger_event, change_id, context_key,
         trigger_scope, root_run_id, workflow_id, error, created_at, started_at, finished_at)
       select id, ${automationId(automation)}, 1, '*', 'parallel', status, 't', 'alert.fired', id, 'host-' || n % 5000,
         jsonb_build_object('event', 'alert.fired', 'payload', jsonb_build_object('fingerprint', 'f-' || n % 5000, 'note',
           repeat('x', 300))),
         id, 'lists-' || n, case status when 'failed' then '{"code": "timeout", "message": "No answer."}'::jsonb end, at, at,
         case when ${open} then null else at + (n % 90) * interval '1 second' end
       from (select n, ${id('n')} as id, ${at('n')} as at,
           case when ${open} then (array['running', 'waiting', 'running'])[1 + n % 3]
             when n % 1000 < 3 then 'cancelled' when n % 1000 < 43 then 'failed' else 'success' end as status
         from generate_series($1::int, $2::int) as n) as r`,
      [from, to],
    ),
  );
  await inChunks(runs, (from, to) =>
    client.query(
      `insert into run_steps (run_id, path, kind, action, status, attempts, result, started_at, finished_at)
       select ${id('n')}, 'actions[0]', 'action', 'automation.log', 'success', 1, '{"message": "done"}', ${at('n')}, ${at('n')}
       from generate_series($1::int, $2::int) as n`,
      [from, to],
    ),
  );
  const largest = String(runs - OPEN_RUNS - 1);
  await client.query(
    `insert into run_steps (run_id, path, kind, action, status, attempts, result, trace, started_at, finished_at)
     select ${id(largest)}, 'actions[1].repeat[' || n || '].actions[0]', 'action', 'automation.log', 'success', 1,
       '{"message": "done"}', '{"config": {"message": "done"}}', ${at(largest)}, ${at(largest)}
     from generate_series(1, ${STEPS_OF_LARGEST} - 1) as n`,
  );
  await client.query('vacuum analyze runs, run_steps, automations, automation_versions');
  const { rows } = await client.query<SeededRuns>(
    `select ${automationId('0')} as busiest, ${automationId(String(AUTOMATIONS - 1))} as rarest, ${id(largest)} as largest`,
  );
  const [seeded] = rows;
  if (seeded === undefined) throw new Error('The seeded rows are not there.');
  return seeded;
}

const DEFINITION = JSON.stringify({
  name: 'Page',
  triggers: [{ id: 't', event: 'automation.event', config: { type: 'bench.lists' } }],
  actions: [{ action: 'automation.log', config: { message: 'done' } }],
});

async function addAutomations(client: PoolClient): Promise<void> {
  const numbers = `generate_series(0, ${AUTOMATIONS} - 1) as n`;
  await client.query(
    `insert into automations (id, name, "group", status, version, revision, created_at, updated_at)
     select ${automationId('n')}, 'Page team ' || n, 'Team ' || n % 10, 'disabled', 1, 1, now(), now() from ${numbers}`,
  );
  await client.query(
    `insert into automation_versions (automation_id, version, definition, created_at, created_by)
     select ${automationId('n')}, 1, $1::jsonb, now(), '{"type": "user", "id": "bench"}' from ${numbers}`,
    [DEFINITION],
  );
}
