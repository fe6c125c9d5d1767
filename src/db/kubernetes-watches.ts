import { sql } from 'drizzle-orm';
import { hasElapsed } from './elapsed';
import type { Executor } from './executor';

/** Seconds without a renewal after which another worker may take a lease. */
const LEASE_SECONDS = 15;

/** The scope of a watch: the events in one namespace or in a whole cluster. */
export interface WatchPlace {
  connectionId: string;
  /** Empty = all namespaces. */
  namespace: string;
}

/** A watch whose lease the caller holds. */
export interface HeldWatch extends WatchPlace {
  /** Resource version up to which events have been delivered; null = the watch has not started. */
  resourceVersion: string | null;
  /** The API server to which the resource version belongs. */
  cluster: string | null;
  /** A string that changes whenever the connection changes. */
  connectionMark: string;
}

/** An automation that listens to `kubernetes.event` in a trigger or wait. */
export interface EventListener {
  automation: { id: string; name: string; group: string | null };
  /** Id or name of the connection that the trigger or wait refers to. */
  connection: string;
  /** Config of the trigger or wait. The config of a wait may contain templates. */
  config: Record<string, unknown>;
}

/**
 * Returns whether anything is watched, and a mark that changes whenever the listeners or the connections may have
 * changed. The mark also changes every 5 minutes, because the end of a run does not change any revision.
 */
export async function listenersMark(db: Executor): Promise<{ mark: string; isWatched: boolean }> {
  const found = await db.execute<{ mark: string; is_watched: boolean }>(sql`
    select concat_ws('/', (select max(revision) from automations), (select count(*) from connections),
      (select max(updated_at) from connections), floor(extract(epoch from clock_timestamp()) / 300)) as mark, exists (select 1 from kubernetes_watches) as is_watched`);
  const { mark = '', is_watched: isWatched = false } = found.rows[0] ?? {};
  return { mark, isWatched };
}

/**
 * Reads the triggers and waits for `kubernetes.event` in enabled automations and in the versions to which open runs are
 * pinned.
 */
export async function eventListeners(db: Executor): Promise<EventListener[]> {
  const found = await db.execute<ListenerRow>(sql`
    with listening as (
      select id, version from automations where status = 'enabled' and deleted_at is null
      union select automation_id, version from runs where status in ('pending', 'running', 'waiting'))
    select distinct a.id, a.name, a."group", place->'config' as config
    from listening l join automations a on a.id = l.id
    join automation_versions v on v.automation_id = l.id and v.version = l.version
    cross join lateral jsonb_path_query(v.definition, 'strict $.** ? (@.event == "kubernetes.event")') place
    order by a.id`);
  return found.rows.flatMap(({ config, ...automation }) => {
    const connection = config?.['connectionId'];
    return typeof connection === 'string' ? [{ automation, connection, config: { ...config } }] : [];
  });
}

interface ListenerRow extends Record<string, unknown> {
  id: string;
  name: string;
  group: string | null;
  config: Record<string, unknown> | null;
}

/**
 * Serializes the reconciliation of watches with listeners until the transaction ends. Without this lock, a worker with
 * an older list of listeners could remove a watch that another worker has just added.
 */
export async function lockWatches(tx: Executor): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext('kubernetes_watches'))`);
}

/** Inserts the rows of the wanted watches and removes all others. The caller holds `lockWatches`. */
export async function setWatches(tx: Executor, wanted: readonly WatchPlace[]): Promise<void> {
  const records = JSON.stringify(wanted.map(({ connectionId, namespace }) => ({ id: connectionId, namespace })));
  await tx.execute(sql`
    delete from kubernetes_watches w where not exists (
      select 1 from jsonb_to_recordset(${records}::jsonb) as p(id uuid, namespace text)
      where p.id = w.connection_id and p.namespace = w.namespace)`);
  await tx.execute(sql`
    insert into kubernetes_watches (connection_id, namespace)
    select id, namespace from jsonb_to_recordset(${records}::jsonb) as p(id uuid, namespace text)
    on conflict do nothing`);
}

/**
 * Renews the leases of a worker and takes at most one watch that is free or whose lease has expired. Because each call
 * takes only one, watches spread evenly over the workers. Returns all watches that the worker then holds.
 */
export async function holdWatches(db: Executor, workerId: string): Promise<HeldWatch[]> {
  const until = sql`clock_timestamp() + make_interval(secs => ${LEASE_SECONDS})`;
  const found = await db.execute<HeldRow>(sql`
    with free as (
      select connection_id, namespace from kubernetes_watches
      where owner is distinct from ${workerId}::uuid and ${hasElapsed(sql`expires_at`)}
      order by expires_at limit 1 for update skip locked)
    update kubernetes_watches w set owner = ${workerId}::uuid, expires_at = ${until}
    from connections c
    where c.id = w.connection_id and (w.owner = ${workerId}::uuid
      or (w.connection_id, w.namespace) in (select connection_id, namespace from free))
    returning w.connection_id, w.namespace, w.resource_version, w.cluster, c.updated_at::text as mark`);
  return found.rows.map((row) => ({
    ...{ connectionId: row.connection_id, namespace: row.namespace, resourceVersion: row.resource_version },
    ...{ cluster: row.cluster, connectionMark: row.mark },
  }));
}

interface HeldRow extends Record<string, unknown> {
  connection_id: string;
  namespace: string;
  resource_version: string | null;
  cluster: string | null;
  mark: string;
}

/**
 * Advances a watch in the transaction that appends the events up to `to`. Returns false when another worker holds the
 * watch, when the watch has already advanced, or when it was removed; the caller must then roll the transaction back.
 * Every event is therefore delivered once, even when two workers watch at the same time.
 */
export async function moveWatch(
  tx: Executor,
  { connectionId, namespace, resourceVersion }: HeldWatch,
  { to, cluster, workerId }: { to: string; cluster: string; workerId: string },
): Promise<boolean> {
  const moved = await tx.execute(sql`
    update kubernetes_watches set resource_version = ${to}, cluster = ${cluster}
    where connection_id = ${connectionId} and namespace = ${namespace} and owner = ${workerId}::uuid
      and resource_version is not distinct from ${resourceVersion}::text`);
  return (moved.rowCount ?? 0) > 0;
}

/** Releases the leases of a worker, so that other workers need not wait until they expire. */
export async function releaseWatches(db: Executor, workerId: string): Promise<void> {
  await db.execute(sql`
    update kubernetes_watches set owner = null, expires_at = '-infinity' where owner = ${workerId}::uuid`);
}
