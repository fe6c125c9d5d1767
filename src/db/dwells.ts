import { sql, type SQL } from 'drizzle-orm';
import { partitionOf } from './change-log';
import { dwellIdAfterSlug } from '../domain/run/workflow-id';
import { hasElapsed } from './elapsed';
import type { Executor } from './executor';

/** A dwell that a change arms. */
export interface DwellArming {
  id: string;
  automationId: string;
  triggerId: string;
  contextKey: string | null;
  /** Result of `dwellGateId`. */
  gate: string;
  /** The entity whose state must continue to satisfy the dwell's cause. */
  entity: { kind: string; id: string };
  event: string;
  config: Record<string, unknown>;
  changeId: string;
  /** The value of `trigger` in the scope of the run. */
  trigger: Record<string, unknown>;
  causedBy: string | null;
  depth: number;
  /** When the cause began. The deadline is relative to this time. */
  armedAt: Date;
  firesAt: Date;
}

/** A dwell as stored in its row. */
export interface Dwell extends DwellArming {
  status: 'armed' | 'spent' | 'idle';
  lastFiredAt: Date | null;
}

interface Row extends Record<string, unknown> {
  id: string;
  automation_id: string;
  trigger_id: string;
  context_key: string | null;
  gate: string;
  status: Dwell['status'];
  kind: string;
  entity_id: string;
  event: string;
  config: Record<string, unknown>;
  change_id: string;
  trigger_scope: Record<string, unknown>;
  caused_by: string | null;
  depth: number;
  armed_at: string;
  fires_at: string;
  last_fired_at: string | null;
}

/** The columns of `Row`. A prepared `select *` fails as soon as a migration adds a column. */
const COLUMNS = sql.raw(`id, automation_id, trigger_id, context_key, gate, status, kind, entity_id, event, config,
  change_id, trigger_scope, caused_by, depth, armed_at, fires_at, last_fired_at`);

function toDwell(row: Row): Dwell {
  return {
    id: row.id,
    automationId: row.automation_id,
    triggerId: row.trigger_id,
    contextKey: row.context_key,
    gate: row.gate,
    status: row.status,
    entity: { kind: row.kind, id: row.entity_id },
    event: row.event,
    config: row.config,
    changeId: row.change_id,
    trigger: row.trigger_scope,
    causedBy: row.caused_by,
    depth: row.depth,
    armedAt: new Date(row.armed_at),
    firesAt: new Date(row.fires_at),
    lastFiredAt: row.last_fired_at === null ? null : new Date(row.last_fired_at),
  };
}

const uuids = (ids: readonly string[]): SQL => sql`${`{${ids.join(',')}}`}::uuid[]`;

/**
 * Arms a dwell in the caller's transaction if its key has no armed or spent dwell and the change is newer than the last
 * firing. Otherwise returns the dwell that prevents this, or null when the automation is disabled or deleted. A dwell
 * that was armed before the trigger was edited is replaced.
 */
export async function armDwell(tx: Executor, arming: DwellArming): Promise<'armed' | Dwell | null> {
  const { automationId, triggerId, contextKey, gate } = arming;
  // `is not distinct from` cannot use an index and would read all keys of the trigger.
  const sameKey = contextKey === null ? sql`context_key is null` : sql`context_key = ${contextKey}`;
  const key = sql`automation_id = ${automationId} and trigger_id = ${triggerId} and ${sameKey}`;
  if (await insertDwell(tx, arming)) return 'armed';
  const found = await tx.execute<Row>(sql`select ${COLUMNS} from dwells where ${key}`);
  const standing = found.rows[0] ? toDwell(found.rows[0]) : null;
  if (standing === null || standing.gate === gate) return standing;
  // A dwell that was armed before its trigger was edited does not prevent a new dwell.
  await dropDwell(tx, standing);
  return (await insertDwell(tx, arming)) ? 'armed' : null;
}

async function insertDwell(tx: Executor, arming: DwellArming): Promise<boolean> {
  const { automationId, triggerId, contextKey, gate, entity } = arming;
  const armed = await tx.execute(sql`
    insert into dwells (id, automation_id, trigger_id, context_key, gate, status, kind, entity_id, event, config, change_id,
      trigger_scope, caused_by, depth, armed_at, fires_at, workflow_id)
    select ${arming.id}::uuid, a.id, ${triggerId}, ${contextKey}, ${gate}, 'armed', ${entity.kind}, ${entity.id},
      ${arming.event}, ${JSON.stringify(arming.config)}::jsonb, ${arming.changeId}::uuid,
      ${JSON.stringify(arming.trigger)}::jsonb, ${arming.causedBy}::uuid, ${arming.depth},
      ${arming.armedAt.toISOString()}::timestamptz, ${arming.firesAt.toISOString()}::timestamptz,
      a.slug || ${dwellIdAfterSlug(triggerId, contextKey)}
    from automations a where a.id = ${automationId} and a.status = 'enabled' and a.deleted_at is null for share of a
    on conflict (automation_id, trigger_id, context_key) do update set
      id = excluded.id, status = 'armed', kind = excluded.kind, entity_id = excluded.entity_id, event = excluded.event,
      config = excluded.config, change_id = excluded.change_id, trigger_scope = excluded.trigger_scope,
      caused_by = excluded.caused_by, depth = excluded.depth, armed_at = excluded.armed_at, fires_at = excluded.fires_at,
      start_attempted_at = null, started_at = null, workflow_id = excluded.workflow_id, updated_at = clock_timestamp()
    where dwells.gate = excluded.gate and dwells.status = 'idle' and (dwells.last_fired_at is null or dwells.last_fired_at < excluded.armed_at)
    returning 1`);
  return armed.rowCount === 1;
}

/**
 * Returns the armed and spent dwells of the given entities, locked until the transaction ends. Locks are taken in the
 * order of ids, because two batches may route changes of the same entities and would deadlock if they used different
 * orders.
 */
export async function lockDwellsOf(tx: Executor, entities: readonly { kind: string; id: string }[]): Promise<Dwell[]> {
  if (entities.length === 0) return [];
  const records = JSON.stringify(entities.map(({ kind, id }) => ({ kind, id })));
  const found = await tx.execute<Row>(sql`
    select ${COLUMNS} from dwells
    where (kind, entity_id) in (select r.kind, r.id from jsonb_to_recordset(${records}::jsonb) as r(kind text, id text))
      and status <> 'idle'
    order by id for update`);
  return found.rows.map(toDwell);
}

/**
 * Returns an armed dwell, locked until the transaction ends. Returns null when the dwell is no longer armed. Without
 * the lock, its timer and the sweep could both read `armed` and start two runs for one cause.
 */
export async function lockArmedDwell(tx: Executor, id: string): Promise<Dwell | null> {
  const found = await tx.execute<Row>(
    sql`select ${COLUMNS} from dwells where id = ${id} and status = 'armed' for update`,
  );
  return found.rows[0] ? toDwell(found.rows[0]) : null;
}

/**
 * Records that the cause of a dwell no longer holds, so that its key can be armed again. If the dwell was armed,
 * requests the end of its workflow.
 */
export async function restDwell(tx: Executor, { id, status }: Dwell): Promise<void> {
  await tx.execute(sql`update dwells set status = 'idle', updated_at = clock_timestamp() where id = ${id}`);
  if (status !== 'armed') return;
  await tx.execute(sql`
    insert into dwell_ends (id, workflow_id) select id, workflow_id from dwells where id = ${id} on conflict do nothing`);
}

/**
 * Returns the ids and states of the firing alerts, sorted by id, except the alert with the fingerprint `except`. `kind`
 * is the entity kind of alerts. The entities are locked against writers until the transaction ends.
 */
export async function firingAlertEntities(
  tx: Executor,
  kind: string,
  except: string,
): Promise<{ id: string; state: Record<string, unknown> }[]> {
  const found = await tx.execute<{ id: string; state: Record<string, unknown> }>(sql`
    select e.id, e.state from alerts a join entities e on e.kind = ${kind} and e.id = a.fingerprint
    where a.status = 'firing' and e.id <> ${except} and e.state is not null order by e.id for share of e`);
  return found.rows;
}

/** Moves a dwell to another entity for which the cause still holds. */
export async function moveDwell(tx: Executor, { id }: Dwell, entity: { kind: string; id: string }): Promise<void> {
  await tx.execute(sql`
    update dwells set kind = ${entity.kind}, entity_id = ${entity.id}, updated_at = clock_timestamp() where id = ${id}`);
}

/** Marks a firing dwell as spent. It stays spent until its cause no longer holds. */
export async function spendDwell(tx: Executor, { id }: Dwell): Promise<void> {
  await tx.execute(sql`
    update dwells set status = 'spent', last_fired_at = fires_at, updated_at = clock_timestamp() where id = ${id}`);
}

/** Removes a dwell whose trigger was removed or changed. */
export async function dropDwell(tx: Executor, { id }: Dwell): Promise<void> {
  await dropDwells(tx, sql`id = ${id}`);
}

/**
 * Maximum number of armed dwells of one trigger that get separate rows in `evaluations` when all of them are dropped at
 * once.
 */
const MAX_CANCELLED = 50;

/**
 * Drops the dwells of triggers that were removed or changed, and records `why` for each armed context key. When a
 * trigger has more than 50 keys, the oldest keys share one row, which contains their number instead of a context key.
 */
export async function keepDwells(
  tx: Executor,
  automationId: string,
  gates: readonly string[],
  why: string,
): Promise<void> {
  const gone = sql`automation_id = ${automationId} and gate <> all(${`{${gates.join(',')}}`}::text[])`;
  await tx.execute(sql`
    insert into evaluations (automation_id, trigger_id, change_id, context_key, outcome, detail, count, first_at, last_at)
    select automation_id, trigger_id, (array_agg(change_id order by id desc))[1], own_key, 'dwell_cancelled', ${why},
      count(*), clock_timestamp(), clock_timestamp()
    from (
      select id, automation_id, trigger_id, change_id, nth, nth <= ${MAX_CANCELLED} as is_own,
        case when nth <= ${MAX_CANCELLED} then left(context_key, 500) end as own_key
      from (
        select id, automation_id, trigger_id, change_id, context_key,
          row_number() over (partition by trigger_id order by id desc) as nth
        from dwells where ${gone} and status = 'armed') numbered) d
    group by automation_id, trigger_id, is_own, own_key order by min(nth) desc`);
  await dropDwells(tx, gone);
}

async function dropDwells(tx: Executor, where: SQL): Promise<void> {
  await tx.execute(sql`
    with gone as (delete from dwells where ${where} returning id, status, workflow_id)
    insert into dwell_ends (id, workflow_id) select id, workflow_id from gone where status = 'armed' on conflict do nothing`);
}

/**
 * Returns whether an entity has any unrouted change, and whether one of them occurred before `until`. The entity's row
 * is locked first, so that a concurrent change commits before the log is read.
 */
export async function unroutedOf(
  tx: Executor,
  { kind, id }: { kind: string; id: string },
  until: Date,
): Promise<{ before: boolean; any: boolean }> {
  await tx.execute(sql`select 1 from entities where kind = ${kind} and id = ${id} for share`);
  const found = await tx.execute<{ before: boolean | null; any: boolean | null }>(sql`
    select bool_or(occurred_at < ${until.toISOString()}) as before, count(*) > 0 as any from changes
    where routed_at is null and partition = ${partitionOf(kind, id)} and kind = ${kind} and entity_id = ${id}`);
  return { before: found.rows[0]?.before ?? false, any: found.rows[0]?.any ?? false };
}

/** A dwell whose workflow must be started, and the data about it that Temporal shows. */
export interface StartableDwell {
  id: string;
  automationId: string;
  automationName: string;
  automationGroup: string | null;
  triggerId: string;
  event: string;
  contextKey: string | null;
  firesAt: Date;
  workflowId: string;
}

/** Seconds after which an unconfirmed start is repeated. */
const START_AGAIN_SECONDS = 5;

const TO_START = sql`status = 'armed' and started_at is null and (start_attempted_at is null
  or ${hasElapsed(sql`start_attempted_at`, START_AGAIN_SECONDS)})`;

/** SQL condition: the workflow of some dwell has to be started or ended in Temporal. */
export const dwellsToSync = sql`(exists (select 1 from dwell_ends)
  or exists (select 1 from dwells where ${TO_START}))`;

/**
 * Takes up to `limit` dwells to start and returns them in the order of their deadlines. Other workers do not take these
 * dwells for `START_AGAIN_SECONDS`.
 */
export async function takeStartableDwells(db: Executor, limit: number): Promise<StartableDwell[]> {
  const taken = await db.execute<Row & { name: string; group: string | null; workflow_id: string | null }>(sql`
    with taken as (
      update dwells set start_attempted_at = clock_timestamp() where id in (
        select id from dwells where ${TO_START}
        order by fires_at, id limit ${limit} for update skip locked)
      returning id, automation_id, trigger_id, event, context_key, fires_at, workflow_id)
    select taken.id, taken.automation_id, taken.trigger_id, taken.event, taken.context_key, taken.fires_at,
      taken.workflow_id, a.name, a."group" from taken join automations a on a.id = taken.automation_id
    order by taken.fires_at`);
  return taken.rows.map((row) => ({
    id: row.id,
    automationId: row.automation_id,
    automationName: row.name,
    automationGroup: row.group,
    triggerId: row.trigger_id,
    event: row.event,
    contextKey: row.context_key,
    firesAt: new Date(row.fires_at),
    workflowId: row.workflow_id ?? formerId(row.id),
  }));
}

/** Returns the workflow id that older releases gave a dwell. */
const formerId = (dwellId: string): string => `dwell:${dwellId}`;

/** Returns whether a dwell is armed. */
export async function isArmed(db: Executor, id: string): Promise<boolean> {
  const found = await db.execute(sql`select 1 from dwells where id = ${id} and status = 'armed'`);
  return found.rows.length > 0;
}

/** Changes the workflow id of a dwell's timer. Returns false when the dwell is no longer armed. */
export async function moveTimer(db: Executor, id: string, workflowId: string): Promise<boolean> {
  const moved = await db.execute(
    sql`update dwells set workflow_id = ${workflowId} where id = ${id} and status = 'armed'`,
  );
  return moved.rowCount === 1;
}

/** Records that the workflows of these dwells exist. */
export async function noteDwellsStarted(db: Executor, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.execute(sql`update dwells set started_at = clock_timestamp() where id = any(${uuids(ids)})`);
}

interface Overdue {
  now: Date;
  late: Date;
}

const isOverdue = ({ now, late }: Overdue): SQL =>
  sql`status = 'armed' and fires_at <= ${now.toISOString()} and (started_at is null or fires_at < ${late.toISOString()})`;

/** Returns the SQL condition that some dwell is overdue and must be fired from its row. */
export const dwellsOverdue = (overdue: Overdue): SQL => sql`exists (select 1 from dwells where ${isOverdue(overdue)})`;

/** A dwell that is due and has not fired. */
export interface OverdueDwell {
  id: string;
  automationId: string;
  triggerId: string;
  /** The deadline as a string with the full precision of Postgres. */
  firesAt: string;
}

/**
 * Returns armed dwells that are due but whose workflows either were not started or should have fired them before
 * `late`. They are sorted by deadline and id; `after` is the last dwell of the previous page.
 */
export async function overdueDwells(
  db: Executor,
  overdue: Overdue,
  limit: number,
  after?: Pick<OverdueDwell, 'id' | 'firesAt'>,
): Promise<OverdueDwell[]> {
  const place =
    after === undefined ? sql`` : sql`and (fires_at, id) > (${after.firesAt}::timestamptz, ${after.id}::uuid)`;
  const found = await db.execute<Pick<Row, 'id' | 'automation_id' | 'trigger_id' | 'fires_at'>>(sql`
    select id, automation_id, trigger_id, fires_at::text as fires_at from dwells
    where ${isOverdue(overdue)} ${place} order by fires_at, id limit ${limit}`);
  return found.rows.map(({ id, automation_id: automationId, trigger_id: triggerId, fires_at: firesAt }) => ({
    ...{ id, automationId, triggerId, firesAt },
  }));
}

/** Returns dwells whose workflows must be ended. */
export async function endedDwells(db: Executor, limit: number): Promise<{ id: string; workflowId: string }[]> {
  const found = await db.execute<{ id: string; workflow_id: string | null }>(
    sql`select id, workflow_id from dwell_ends order by id limit ${limit}`,
  );
  return found.rows.map((row) => ({ id: row.id, workflowId: row.workflow_id ?? formerId(row.id) }));
}

/** Removes the requests to end the workflows of these dwells. Call it after Temporal has ended the workflows. */
export async function forgetDwellEnds(db: Executor, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.execute(sql`delete from dwell_ends where id = any(${uuids(ids)})`);
}

/** An armed dwell and the name of its automation. */
export type ArmedDwell = Dwell & { automationName: string };

/** Returns armed dwells with ids below `before`, from newest to oldest. */
export async function listArmedDwells(
  db: Executor,
  page: { limit: number; before: string | undefined; automationId: string | undefined },
): Promise<ArmedDwell[]> {
  const below = page.before === undefined ? sql`` : sql`and id < ${page.before}::uuid`;
  const only = page.automationId === undefined ? sql`` : sql`and automation_id = ${page.automationId}::uuid`;
  const found = await db.execute<Row & { automation_name: string }>(sql`
    select ${COLUMNS}, (select a.name from automations a where a.id = automation_id) as automation_name
    from dwells where status = 'armed' ${below} ${only} order by id desc limit ${page.limit}`);
  return found.rows.map((row) => ({ ...toDwell(row), automationName: row.automation_name }));
}
