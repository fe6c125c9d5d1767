import { sql, type SQL } from 'drizzle-orm';
import type { RunError } from '../../domain/run/step-record';
import { changeOf, type ChangeRow } from '../change-row';
import type { Change } from '../../domain/entities/change';
import type { Executor } from '../executor';

/** What the expressions of a wait see of its run, beside the run itself and its artifacts. */
export interface WaitScope {
  variables: Record<string, unknown>;
  repeat: Record<string, unknown> | null;
  wait: Record<string, unknown> | null;
  error?: RunError;
  /** Not for expressions: changes that ended earlier waits and end this one no more. */
  taken?: string[];
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
  scope: WaitScope;
  afterSeq: number;
  since: Date;
  timeoutAt: Date | null;
  recheckAt: Date | null;
  wokenBy: Waking | null;
  /** What the look under way is about. */
  lookedBy: Waking | null;
  /** It was looked at since it was armed. */
  looked: boolean;
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
  scope: WaitScope;
  after_seq: string;
  since: string;
  timeout_at: string | null;
  recheck_at: string | null;
  woken_by: Waking | null;
  looked_by: Waking | null;
  looked: boolean;
}

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
    lookedBy: row.looked_by,
    looked: row.looked,
  };
}

type NewWait = Omit<Wait, 'refs' | 'wokenBy' | 'lookedBy' | 'looked'> & {
  refs: readonly { kind: string; id: string }[];
};

/** Arms a wait: from the commit on, changes find it. */
export async function insertWait(tx: Executor, wait: NewWait): Promise<void> {
  const refs = JSON.stringify(wait.refs);
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
    select distinct r.kind, r.id, armed.id from armed, jsonb_to_recordset(${refs}::jsonb) as r(kind text, id text)`);
}

/** The wait of a step; null = none is armed. */
export async function waitAt(tx: Executor, runId: string, path: string, lock = false): Promise<Wait | null> {
  const found = await tx.execute<Row>(
    sql`select * from waits where run_id = ${runId} and path = ${path} ${lock ? sql`for update` : sql``}`,
  );
  return found.rows[0] ? toWait(found.rows[0]) : null;
}

/**
 * Says that somebody looks now, in a transaction of its own before the look: who changes something after that finds the
 * wait without a wake under way, and what was changed before is seen by the look.
 */
export async function beginLook(db: Executor, runId: string, path: string): Promise<void> {
  await db.execute(sql`
    update waits set looked_by = coalesce(woken_by, looked_by), woken_by = null, signalled_at = null
    where run_id = ${runId} and path = ${path} and (kind = 'wait_until' or woken_by -> 'trigger' is null)`);
}

/** The look found nothing; when the next one is due by the clock. */
export async function endLook(tx: Executor, id: string, recheckAt: Date | null): Promise<void> {
  await tx.execute(sql`
    update waits set recheck_at = ${recheckAt?.toISOString() ?? null}, looked_by = null, looked = true where id = ${id}`);
}

export async function removeWait(tx: Executor, id: string): Promise<void> {
  await tx.execute(sql`delete from waits where id = ${id}`);
}

/** The waits of steps that were cancelled while their run goes on. */
export async function removeWaitsAt(tx: Executor, runId: string, paths: readonly string[]): Promise<void> {
  await tx.execute(sql`
    delete from waits
    where run_id = ${runId} and path = any(array(select jsonb_array_elements_text(${JSON.stringify(paths)}::jsonb)))`);
}

/** What runs that end leave behind, in the transaction that ends them: parts of a statement's `with`. */
export const leftBy = (runIds: SQL): SQL => sql`
    waits_gone as (delete from waits where run_id in (${runIds})),
    secrets_gone as (delete from run_secrets where run_id in (${runIds}))`;

/**
 * Waits that changes of these entities or these events may end. Written so that any plan is look-ups in the indexes, also one that was
 * made while there were no waits: what is armed must not make the changes dearer that end none of it.
 */
export async function waitsOn(
  db: Executor,
  refs: readonly { kind: string; id: string }[],
  events: readonly string[],
): Promise<Wait[]> {
  const found = await db.execute<Row>(sql`
    select w.* from waits w where w.id = any(array(
      select r.wait_id from jsonb_to_recordset(${JSON.stringify(refs)}::jsonb) as c(kind text, id text)
      cross join lateral (
        select wait_id from wait_refs where kind = c.kind and entity_id = any(array[c.id, '*']) offset 0) as r
      union select e.id from waits e
      where e.event = any(array(select jsonb_array_elements_text(${JSON.stringify(events)}::jsonb)))))
    order by w.id`);
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
 * Notes that a wake is under way, and gives it to the caller to send: whoever dies before leaves it to `takeWakes`. null = one is
 * under way already, or the wait is over.
 */
export async function wakeWait(db: Executor, id: string, by: Waking): Promise<Wake | null> {
  const woken = await db.execute<WakeRow>(sql`
    update waits w set woken_by = ${JSON.stringify(by)}::jsonb, signalled_at = clock_timestamp(),
      -- Whoever could not be evaluated reads the log once more.
      looked = looked and ${by.changed !== undefined || by.trigger !== undefined}
    from runs r where w.id = ${id} and w.woken_by is null and r.id = w.run_id
    returning w.run_id, w.path, r.workflow_id`);
  return woken.rows[0] ? toWake(woken.rows[0]) : null;
}

/** Entities that a wake can carry; what is more is found by the next change of its kind. */
const MOST_CHANGED = 200;

/** Adds an entity to the wake that is under way, for a wait that looks at any of a kind. */
export async function addToWake(db: Executor, id: string, changed: { kind: string; id: string }): Promise<void> {
  const entity = JSON.stringify([changed]);
  await db.execute(sql`
    update waits set woken_by = jsonb_set(woken_by, '{more}', coalesce(woken_by -> 'more', '[]') || ${entity}::jsonb)
    where id = ${id} and woken_by is not null and not coalesce(woken_by -> 'more', '[]') @> ${entity}::jsonb
      and jsonb_array_length(coalesce(woken_by -> 'more', '[]')) < ${MOST_CHANGED}`);
}

/** Entities of some kinds that changed behind a position of the log. */
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

/** Kinds of which a wait looks at any entity. */
export function wildKinds({ refs }: Pick<Wait, 'refs'>): string[] {
  return refs.filter((ref) => ref.endsWith(':*')).map((ref) => ref.slice(0, -2));
}

/** Where the log stood when a step began. */
export async function beganAt(tx: Executor, runId: string, path: string): Promise<number> {
  const found = await tx.execute<{ began_seq: string }>(
    sql`select began_seq from run_steps where run_id = ${runId} and path = ${path}`,
  );
  return Number(found.rows[0]?.began_seq ?? 0);
}

/** After so long a wake that nobody answered, or nobody sent, is sent again. */
const WAKE_AGAIN_SECONDS = 5;

/** Takes wakes to send, with the executions they are for. */
export async function takeWakes(db: Executor, limit: number): Promise<Wake[]> {
  const taken = await db.execute<WakeRow>(sql`
    with taken as (
      update waits set signalled_at = clock_timestamp() where id in (
        select id from waits where woken_by is not null and (signalled_at is null
          or signalled_at < clock_timestamp() - make_interval(secs => ${WAKE_AGAIN_SECONDS}))
        order by id limit ${limit} for update skip locked)
      returning run_id, path)
    select taken.run_id, taken.path, r.workflow_id from taken join runs r on r.id = taken.run_id`);
  return taken.rows.map(toWake);
}

/** What is armed, newest first, below the id `before`. */
export async function listWaits(
  db: Executor,
  page: { limit: number; before: string | undefined; runId: string | undefined },
): Promise<Wait[]> {
  const below = page.before === undefined ? sql`` : sql`and id < ${page.before}::uuid`;
  const only = page.runId === undefined ? sql`` : sql`and run_id = ${page.runId}::uuid`;
  const found = await db.execute<Row>(
    sql`select * from waits where true ${below} ${only} order by id desc limit ${page.limit}`,
  );
  return found.rows.map(toWait);
}

/** Of each action, or of all without an id, the newest artifact: loops make thousands that later steps cannot name. */
export const newestArtifacts = (runId: SQL): SQL => sql`
  select distinct on (action_id, type, name) * from artifacts where run_id = ${runId}
  order by action_id, type, name, id desc`;

/** Artifacts that a run has made so far, as its steps see them. */
export async function artifactsOf(
  db: Executor,
  runId: string,
): Promise<{ actionId: string | null; name: string; data: Record<string, unknown> }[]> {
  const found = await db.execute<{ action_id: string | null; name: string; data: Record<string, unknown> }>(
    sql`select action_id, name, data from (${newestArtifacts(sql`${runId}`)}) as a order by id`,
  );
  return found.rows.map((row) => ({ actionId: row.action_id, name: row.name, data: row.data }));
}

/** Where the log stood for a wait: see `logPosition`. */
interface Began {
  path: string;
  kind: string;
  began: number;
  ended: number;
}

/**
 * The position of the log from which events count for a wait: where the provider action before it started, else where the
 * step before it ended, else where the run began. `isBefore` leaves out steps of other branches.
 */
export async function logPosition(
  tx: Executor,
  runId: string,
  path: string,
  isBefore: (path: string) => boolean,
): Promise<number> {
  const steps = await tx.execute<{ path: string; kind: string; began_seq: string; seq: string }>(sql`
    select path, kind, began_seq, seq from run_steps
    where run_id = ${runId} and path <> ${path} and status in ('success', 'failed', 'skipped')
    order by began_seq desc limit 500`);
  const before = steps.rows
    .filter((row) => isBefore(row.path))
    .map((row): Began => ({ path: row.path, kind: row.kind, began: Number(row.began_seq), ended: Number(row.seq) }));
  const action = before.find(({ kind }) => kind === 'action');
  if (action) return action.began;
  const ends = before.filter(({ path: other }) => !path.startsWith(`${other}.`)).map(({ ended }) => ended);
  if (ends.length > 0) return Math.max(...ends);
  return startPosition(tx, runId);
}

/**
 * Where the log stood for a run as a whole: at the change that started it, so that what came while that was on its way to us
 * counts; without one, or when that has dwelt, at the moment the run was made.
 */
async function startPosition(tx: Executor, runId: string): Promise<number> {
  const found = await tx.execute<{ seq: string | null }>(sql`
    select coalesce(
      (select max(c.seq) from changes c where c.change_id = r.change_id and not r.trigger_scope ? 'dwell'),
      (select c.seq from changes c where c.recorded_at <= r.created_at order by c.recorded_at desc, c.seq desc limit 1),
      0) as seq
    from runs r where r.id = ${runId}`);
  return Number(found.rows[0]?.seq ?? 0);
}

/** Changes of entities and these events behind a position of the log, oldest first. */
export async function changesAfter(
  db: Executor,
  seq: number,
  events: readonly string[],
  limit: number,
): Promise<Change[]> {
  const found = await db.execute<ChangeRow>(sql`
    select * from changes
    where seq > ${seq}
      and (event is null or event = any(array(select jsonb_array_elements_text(${JSON.stringify(events)}::jsonb))))
    order by seq limit ${limit}`);
  return found.rows.map(changeOf);
}
