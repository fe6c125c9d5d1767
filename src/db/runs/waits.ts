import { sql, type SQL } from 'drizzle-orm';
import type { RunError } from '../../domain/run/step-record';
import type { Executor } from '../executor';

/** What the expressions of a wait see of its run, beside the run itself and its artifacts. */
export interface WaitContext {
  variables: Record<string, unknown>;
  repeat: Record<string, unknown> | null;
  wait: Record<string, unknown> | null;
  error?: RunError;
  /** Not for expressions: changes that ended earlier waits and end this one no more. */
  taken?: string[];
  /** Not for expressions: keys of the events of a list, in its order; absent for a single event. */
  keys?: AwaitedKey[];
}

/** The context key that an event of a wait must have. */
export interface AwaitedKey {
  event: string;
  contextKey: string | null;
  anyKey: boolean;
}

/** Kind under which `wait_refs` finds the waits that list several events. */
const EVENT_REF = '$event';

/** Returns the names of the events that end a wait. */
export function eventsOf({ event, scope }: Pick<Wait, 'event' | 'scope'>): string[] {
  if (scope.keys !== undefined) return [...new Set(scope.keys.map((each) => each.event))];
  return event === null ? [] : [event];
}

/** Returns the events that a wait lists, in its order, each with its context key; `*` = any. */
export function awaitedEvents({
  event,
  contextKey,
  anyKey,
  scope,
}: Wait): { event: string; contextKey: string | null }[] {
  const keys = scope.keys ?? (event === null ? [] : [{ event, contextKey, anyKey }]);
  return keys.map((each) => ({ event: each.event, contextKey: each.anyKey ? '*' : each.contextKey }));
}

/** What woke a wait. */
export interface Waking {
  changed?: { kind: string; id: string };
  /** Of a wait on any of a kind: what changed besides, while the wake was under way. */
  more?: { kind: string; id: string }[];
  /** The `trigger` root of the event that was waited for. */
  trigger?: Record<string, unknown>;
  seq?: number;
}

/** A wait that is armed. */
export interface Wait {
  id: string;
  runId: string;
  path: string;
  kind: 'wait_until' | 'wait_for_trigger';
  event: string | null;
  contextKey: string | null;
  anyKey: boolean;
  /** As people read them, `kind:id`. */
  refs: string[];
  scope: WaitContext;
  afterSeq: number;
  since: Date;
  timeoutAt: Date | null;
  recheckAt: Date | null;
  wokenBy: Waking | null;
  /** The wake that the check under way answers; null = no wake caused it. */
  checkCause: Waking | null;
  /** Whether it has been evaluated since it was armed. */
  isChecked: boolean;
}

interface Row extends Record<string, unknown> {
  id: string;
  run_id: string;
  path: string;
  kind: Wait['kind'];
  event: string | null;
  context_key: string | null;
  any_key: boolean;
  refs: string[];
  scope: WaitContext;
  after_seq: string;
  since: string;
  timeout_at: string | null;
  recheck_at: string | null;
  woken_by: Waking | null;
  looked_by: Waking | null;
  looked: boolean;
}

const COLUMNS = sql.raw(`id, run_id, path, kind, event, context_key, any_key, refs, scope, after_seq, since, timeout_at,
  recheck_at, woken_by, looked_by, looked`);

const instant = (value: string | null): Date | null => (value === null ? null : new Date(value));

function toWait(row: Row): Wait {
  return {
    id: row.id,
    runId: row.run_id,
    path: row.path,
    kind: row.kind,
    event: row.event,
    contextKey: row.context_key,
    anyKey: row.any_key,
    refs: row.refs,
    scope: row.scope,
    afterSeq: Number(row.after_seq),
    since: new Date(row.since),
    timeoutAt: instant(row.timeout_at),
    recheckAt: instant(row.recheck_at),
    wokenBy: row.woken_by,
    checkCause: row.looked_by,
    isChecked: row.looked,
  };
}

type NewWait = Omit<Wait, 'refs' | 'wokenBy' | 'checkCause' | 'isChecked'> & {
  refs: readonly { kind: string; id: string }[];
};

/** Arms a wait: from the commit on, changes find it. */
export async function insertWait(tx: Executor, wait: NewWait): Promise<void> {
  const refs = JSON.stringify(wait.refs);
  const events = JSON.stringify(wait.scope.keys === undefined ? [] : eventsOf(wait));
  await tx.execute(sql`
    with armed as (
      insert into waits (id, run_id, path, kind, event, context_key, any_key, refs, scope, after_seq, since, timeout_at,
        recheck_at)
      values (${wait.id}, ${wait.runId}, ${wait.path}, ${wait.kind}, ${wait.event}, ${wait.contextKey}, ${wait.anyKey},
        array(select (r ->> 'kind') || ':' || (r ->> 'id') from jsonb_array_elements(${refs}::jsonb) as r),
        ${JSON.stringify(wait.scope)}::jsonb, ${wait.afterSeq}, ${wait.since.toISOString()},
        ${wait.timeoutAt?.toISOString() ?? null}, ${wait.recheckAt?.toISOString() ?? null})
      returning id)
    insert into wait_refs (kind, entity_id, wait_id)
    select distinct r.kind, r.id, armed.id from armed, jsonb_to_recordset(${refs}::jsonb) as r(kind text, id text)
    union select ${EVENT_REF}, e, armed.id from armed, jsonb_array_elements_text(${events}::jsonb) as e`);
}

/** The wait of a step, locked until the transaction ends; null = none is armed. */
export async function lockWait(tx: Executor, runId: string, path: string): Promise<Wait | null> {
  const found = await tx.execute<Row>(
    sql`select ${COLUMNS} from waits where run_id = ${runId} and path = ${path} for update`,
  );
  return found.rows[0] ? toWait(found.rows[0]) : null;
}

/**
 * Records that a check begins, in a transaction of its own before the check. This closes the race with wakes: a change that is
 * committed later finds the wait without a wake under way and sends one; an earlier one is seen by the check. Returns false when
 * no wait is armed.
 */
export async function beginCheck(db: Executor, runId: string, path: string): Promise<boolean> {
  const found = await db.execute<{ armed: boolean }>(sql`
    with begun as (
      update waits set looked_by = coalesce(woken_by, looked_by), woken_by = null, signalled_at = null
      where run_id = ${runId} and path = ${path} and (kind = 'wait_until' or woken_by -> 'trigger' is null))
    select exists (select 1 from waits where run_id = ${runId} and path = ${path}) as armed`);
  return found.rows[0]?.armed ?? false;
}

/** Records a check that found nothing. `recheckAt`: when the next one is due by the clock; null = never. */
export async function endCheck(tx: Executor, id: string, recheckAt: Date | null): Promise<void> {
  await tx.execute(sql`
    update waits set recheck_at = ${recheckAt?.toISOString() ?? null}, looked_by = null, looked = true where id = ${id}`);
}

export async function removeWait(tx: Executor, id: string): Promise<void> {
  await tx.execute(sql`delete from waits where id = ${id}`);
}

/** Deletes what ended runs no longer need (waits, secrets), in the transaction that ends them: parts of a statement's `with`. */
export const leftBy = (runIds: SQL): SQL => sql`
    waits_gone as (delete from waits where run_id in (${runIds})),
    secrets_gone as (delete from run_secrets where run_id in (${runIds}))`;

/**
 * Waits that changes of these entities or these events may end. Written so that any plan is look-ups in the indexes, also one that was
 * made while there were no waits: armed waits must not slow down changes that end none of them.
 */
export async function waitsOn(
  db: Executor,
  refs: readonly { kind: string; id: string }[],
  events: readonly string[],
): Promise<Wait[]> {
  const found = await db.execute<Row>(sql`
    select ${COLUMNS} from waits w where w.id = any(array(
      select r.wait_id from jsonb_to_recordset(${JSON.stringify(refs)}::jsonb) as c(kind text, id text)
      cross join lateral (
        select wait_id from wait_refs where kind = c.kind and entity_id = any(array[c.id, '*']) offset 0) as r
      union select r.wait_id from wait_refs r
      where r.kind = ${EVENT_REF} and r.entity_id = any(array(select jsonb_array_elements_text(${JSON.stringify(events)}::jsonb)))
      union select e.id from waits e
      where e.event = any(array(select jsonb_array_elements_text(${JSON.stringify(events)}::jsonb)))))
    order by id`);
  return found.rows.map(toWait);
}

/** A signal to send. */
export interface Wake {
  runId: string;
  path: string;
  workflowId: string;
}

interface WakeRow extends Record<string, unknown> {
  run_id: string;
  path: string;
  workflow_id: string;
}

const toWake = (row: WakeRow): Wake => ({ runId: row.run_id, path: row.path, workflowId: row.workflow_id });

/**
 * Notes that a wake is under way, and gives it to the caller to send; if the caller dies first, `takeWakes` sends it. null = one is
 * under way already, or the wait is over.
 */
export async function wakeWait(db: Executor, id: string, by: Waking): Promise<Wake | null> {
  const woken = await db.execute<WakeRow>(sql`
    update waits w set woken_by = ${JSON.stringify(by)}::jsonb, signalled_at = clock_timestamp(),
      -- A wait that could not be evaluated reads the log again.
      looked = looked and ${by.changed !== undefined || by.trigger !== undefined}
    from runs r where w.id = ${id} and w.woken_by is null and r.id = w.run_id
    returning w.run_id, w.path, r.workflow_id`);
  return woken.rows[0] ? toWake(woken.rows[0]) : null;
}

/** Entities that a wake can carry; what is more is found by the next change of its kind. */
const MOST_CHANGED = 200;

/** Adds an entity to the wake that is under way, for a wait on any entity of a kind. */
export async function addToWake(db: Executor, id: string, changed: { kind: string; id: string }): Promise<void> {
  const entity = JSON.stringify([changed]);
  await db.execute(sql`
    update waits set woken_by = jsonb_set(woken_by, '{more}', coalesce(woken_by -> 'more', '[]') || ${entity}::jsonb)
    where id = ${id} and woken_by is not null and not coalesce(woken_by -> 'more', '[]') @> ${entity}::jsonb
      and jsonb_array_length(coalesce(woken_by -> 'more', '[]')) < ${MOST_CHANGED}`);
}

/** Entities of some kinds that changed after a position of the log. */
export async function changedAfter(
  db: Executor,
  seq: number,
  kinds: readonly string[],
): Promise<{ kind: string; id: string }[]> {
  const found = await db.execute<{ kind: string; entity_id: string }>(sql`
    select distinct kind, entity_id from changes
    where seq > ${seq} and kind = any(array(select jsonb_array_elements_text(${JSON.stringify(kinds)}::jsonb)))
    limit ${MOST_CHANGED}`);
  return found.rows.map((row) => ({ kind: row.kind, id: row.entity_id }));
}

/** Returns the kinds of which a wait reads any entity. */
export function wildKinds({ refs }: Pick<Wait, 'refs'>): string[] {
  return refs.filter((ref) => ref.endsWith(':*')).map((ref) => ref.slice(0, -2));
}

/** After this time a wake that was not answered, or not sent, is sent again. */
const WAKE_AGAIN_SECONDS = 5;

const TO_SEND = sql`woken_by is not null and (signalled_at is null
  or signalled_at < clock_timestamp() - make_interval(secs => ${WAKE_AGAIN_SECONDS}))`;

/** Whether a wake waits to be sent. */
export const wakesToSend = sql`exists (select 1 from waits where ${TO_SEND})`;

/**
 * Takes wakes to send, with the executions they are for; none for runs that are not open. `skip locked`: sweeps of several workers
 * share the rows instead of waiting for each other, and `signalled_at` keeps a wake from being sent by each of them.
 */
export async function takeWakes(db: Executor, limit: number): Promise<Wake[]> {
  const taken = await db.execute<WakeRow>(sql`
    with taken as (
      update waits set signalled_at = clock_timestamp() where id in (
        select id from waits where ${TO_SEND}
        order by id limit ${limit} for update skip locked)
      returning run_id, path)
    select taken.run_id, taken.path, r.workflow_id from taken join runs r on r.id = taken.run_id
    where r.status in ('running', 'waiting')`);
  return taken.rows.map(toWake);
}

/** Returns what is armed, newest first, below the id `before`. */
export async function listWaits(
  db: Executor,
  page: { limit: number; before: string | undefined; runId: string | undefined },
): Promise<Wait[]> {
  const below = page.before === undefined ? sql`` : sql`and id < ${page.before}::uuid`;
  const only = page.runId === undefined ? sql`` : sql`and run_id = ${page.runId}::uuid`;
  const found = await db.execute<Row>(
    sql`select ${COLUMNS} from waits where true ${below} ${only} order by id desc limit ${page.limit}`,
  );
  return found.rows.map(toWait);
}
