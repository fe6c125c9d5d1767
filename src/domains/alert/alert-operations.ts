import { sql, type SQL } from 'drizzle-orm';
import { activeSilences, deleteSilences, insertSilence, lockSilences, type SilenceRow } from '../../db/alert-silences';
import { lockAlerts, type LockedAlert } from '../../db/alerts';
import type { Executor } from '../../db/executor';
import { FermataError } from '../../domain/errors';
import type { DomainWrite } from '../domain-write';
import { AlertState, type EndedBy } from './alert-entity';
import { applyChecks, checkOf } from './alert-checks';
import { silenceCovers } from './covering-silence';
import { endedState } from './next-state';
import type { SeverityMap } from './severity-map';
import { plan, storeAlerts } from './take-alerts';

/** The state of an alert after a call, and the ids of the change rows that the call wrote. */
interface AlertWriteResult {
  state: AlertState;
  changeIds: string[];
}

/** Returns the error for a fingerprint that belongs to no alert. */
export const unknownAlert = (fingerprint: string) => new FermataError('not_found', `Alert "${fingerprint}" not found.`);

async function lockOne(
  write: DomainWrite,
  fingerprint: string,
): Promise<{ known: LockedAlert; state: AlertState; silences: SilenceRow[] }> {
  await lockSilences(write.tx, 'read');
  const known = (await lockAlerts(write.tx, [fingerprint], [], write.now)).get(fingerprint);
  if (known === undefined || known.state === null) throw unknownAlert(fingerprint);
  return { known, state: AlertState.parse(known.state), silences: await activeSilences(write.tx, write.now) };
}

/** Writes a new state that was not caused by a message from the sender. Returns the ids of the change rows. */
async function rewrite(
  write: DomainWrite,
  { known, state, silences }: { known: LockedAlert; state: AlertState; silences: readonly SilenceRow[] },
): Promise<string[]> {
  const prev = AlertState.parse(known.state);
  const planned = plan(write, { known, prev, state, isNewEpisode: false, silences });
  return planned === null ? [] : storeAlerts(write, [planned]);
}

/**
 * Acknowledges a firing alert. Does nothing when the alert is already acknowledged. Does not affect health or dwells.
 * Returns the state, and the ids of the change rows.
 * @throws {FermataError} `not_found`; `not_firing` for a resolved alert
 */
export async function acknowledgeAlert(write: DomainWrite, fingerprint: string, by: string): Promise<AlertWriteResult> {
  const { known, state, silences } = await lockOne(write, fingerprint);
  if (state.status !== 'firing') {
    throw new FermataError(
      'not_firing',
      `The alert "${fingerprint}" is resolved: only firing alerts can be acknowledged.`,
    );
  }
  if (state.acknowledgedAt !== undefined) return { state, changeIds: [] };
  const next = { ...state, acknowledgedBy: by, acknowledgedAt: write.now.toISOString() };
  return { state: next, changeIds: await rewrite(write, { known, state: next, silences }) };
}

/**
 * Ends the episode of an alert without a message from its sender. Does nothing when the alert is already resolved.
 * Returns the state, and the ids of all change rows, including any for the system's health.
 * @throws {FermataError} `not_found`
 */
export async function resolveAlert(
  write: DomainWrite,
  fingerprint: string,
  { severities, endedBy = 'person' }: { severities: SeverityMap; endedBy?: EndedBy },
): Promise<AlertWriteResult> {
  const { known, state, silences } = await lockOne(write, fingerprint);
  if (state.status !== 'firing') return { state, changeIds: [] };
  const { status: _, ...rest } = state;
  const next = endedState(rest, write.now, endedBy);
  const changeIds = await rewrite(write, { known, state: next, silences });
  const before = checkOf(state, severities);
  const check = { fingerprint, changeId: changeIds[0], before, after: null, state: next };
  const health = await applyChecks(write, before === null ? [] : [check]);
  return { state: next, changeIds: [...changeIds, ...health.map(({ changeId }) => changeId)] };
}

/** A silence to create. It covers one alert, identified by its fingerprint, or all alerts that match the matchers. */
export interface NewSilence {
  fingerprint?: string | undefined;
  matchers?: readonly string[] | undefined;
  endsAt: Date;
  comment: string;
  createdBy: string;
  /** Id of the silence. Default: generated. */
  id?: string;
  /** The copy of the silence in an Alertmanager. */
  remote?: SilenceRow['remote'];
}

/**
 * Creates a silence, and updates the firing alerts that it covers. Runs that have already started continue.
 * @throws {FermataError} `not_found` for an unknown fingerprint
 */
export async function silenceAlerts(write: DomainWrite, input: NewSilence): Promise<SilenceRow> {
  const { fingerprint = null, matchers = [], endsAt, comment, createdBy, remote = null } = input;
  await lockSilences(write.tx, 'write');
  if (fingerprint !== null && !(await exists(write.tx, fingerprint))) throw unknownAlert(fingerprint);
  const silence: SilenceRow = {
    id: input.id ?? write.entities.ids.next(),
    ...{ fingerprint, matchers: fingerprint === null ? [...matchers] : [], comment, createdBy, remote },
    endsAt,
    createdAt: write.now,
  };
  await insertSilence(write.tx, silence);
  await recompute(write, [silence]);
  return silence;
}

/** Ends silences and updates the alerts that they covered. Returns the ended silences; unknown ids are ignored. */
export async function unsilenceAlerts(write: DomainWrite, silenceIds: readonly string[]): Promise<SilenceRow[]> {
  await lockSilences(write.tx, 'write');
  const gone = await deleteSilences(write.tx, silenceIds);
  await recompute(write, gone);
  return gone;
}

async function exists(tx: Executor, fingerprint: string): Promise<boolean> {
  const found = await tx.execute(sql`select 1 from alerts where fingerprint = ${fingerprint}`);
  return found.rows.length > 0;
}

/** Updates `silencedUntil` of the firing alerts that these silences cover. */
async function recompute(write: DomainWrite, silences: readonly SilenceRow[]): Promise<void> {
  if (silences.length === 0) return;
  const { tx, now } = write;
  const found = await tx.execute<{ fingerprint: string; labels: Record<string, string> }>(
    sql`select fingerprint, labels from alerts where status = 'firing'`,
  );
  const ids = found.rows
    .filter(({ fingerprint, labels }) => silences.some((silence) => silenceCovers(silence, fingerprint, labels)))
    .map(({ fingerprint }) => fingerprint);
  if (ids.length === 0) return;
  const locked = await lockAlerts(tx, ids, [], now);
  const active = await activeSilences(tx, now);
  const writes = [...locked.values()].flatMap((known) => {
    if (known.state === null) return [];
    const state = AlertState.parse(known.state);
    return plan(write, { known, prev: state, state, isNewEpisode: false, silences: active }) ?? [];
  });
  await storeAlerts(write, writes);
}

const isStale = (before: Date): SQL =>
  sql`status = 'firing' and last_received_at < ${before.toISOString()}::timestamptz`;

/** Returns an SQL condition that is true when any firing alert has had no message since `before`. */
export const alertsStale = (before: Date): SQL => sql`exists (select 1 from alerts where ${isStale(before)})`;

/**
 * Locks an alert, and returns whether it is still firing and has still had no message since `before`. A message may
 * have arrived after `staleAlerts` returned the alert.
 */
export async function isStillStale(write: DomainWrite, fingerprint: string, before: Date): Promise<boolean> {
  await lockSilences(write.tx, 'read');
  await lockAlerts(write.tx, [fingerprint], [], write.now);
  const found = await write.tx.execute(
    sql`select 1 from alerts where fingerprint = ${fingerprint} and ${isStale(before)}`,
  );
  return found.rows.length > 0;
}

/**
 * Returns the fingerprints of firing alerts without a message since `before`, starting with the oldest last message.
 */
export async function staleAlerts(db: Executor, before: Date, limit: number): Promise<string[]> {
  const found = await db.execute<{ fingerprint: string }>(sql`
    select fingerprint from alerts where ${isStale(before)}
    order by last_received_at limit ${limit}`);
  return found.rows.map(({ fingerprint }) => fingerprint);
}
