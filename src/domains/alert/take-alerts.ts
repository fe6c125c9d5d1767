import { activeSilences, lockSilences, type SilenceRow } from '../../db/alert-silences';
import { lockAlerts, noteRepeats, writeAlerts, type AlertWrite, type LockedAlert } from '../../db/alerts';
import { appendChanges } from '../../db/change-log';
import { changeIdOf } from '../../domain/entities/change-id';
import { diffState, sameJson } from '../../domain/entities/diff';
import { matchSystems } from '../catalog/ensure-systems';
import type { DomainWrite } from '../domain-write';
import type { HealthChange } from '../healthcheck/write-health';
import { ALERT_KIND, AlertState, NON_REACTIVE_FIELDS, type AlertChangeContext } from './alert-entity';
import { applyChecks, checkOf, type CheckChange } from './alert-checks';
import { coveringSilence } from './covering-silence';
import type { IncomingAlert } from './incoming-alert';
import { nextState } from './next-state';
import type { SeverityMap } from './severity-map';

/** How alerts are assigned to systems, and how their severities affect the health of a system. */
export interface AlertSettings {
  /** Labels that may name the system. The first of these labels that an alert has is used. */
  systemLabels: readonly string[];
  severities: SeverityMap;
}

/** The changes that a message about an alert caused. A repeated message causes none. */
export interface TakenAlert {
  /** Id of the alert's change. */
  changeId?: string;
  /** Ids of the health changes of the alert's systems. Several alerts can share a change. */
  healthChangeIds: string[];
}

/**
 * Writes alerts in the caller's transaction: their states and episodes, and the health of their systems. Each alert and
 * each system gets at most one change. If a fingerprint occurs twice, the later alert is used. Returns the changes by
 * fingerprint.
 */
export async function takeAlerts(
  write: DomainWrite,
  alerts: readonly IncomingAlert[],
  settings: AlertSettings,
): Promise<Map<string, TakenAlert>> {
  const { tx, now } = write;
  const latest = [...new Map(alerts.map((alert) => [alert.fingerprint, alert])).values()];
  if (latest.length === 0) return new Map();
  const firing = latest.filter(({ status }) => status === 'firing').map(({ fingerprint }) => fingerprint);
  const ids = latest.map(({ fingerprint }) => fingerprint);
  await lockSilences(tx, 'read');
  const locked = await lockAlerts(tx, ids, firing, now);
  const silences = await activeSilences(tx, now);
  const repeats: string[] = [];
  const writes: PlannedWrite[] = [];
  const checks: CheckChange[] = [];
  const proposals = latest.flatMap((alert) => proposalOf(locked.get(alert.fingerprint), alert, now) ?? []);
  const systems = await systemsOf(write, proposals, settings.systemLabels);
  for (const proposal of proposals) {
    const { known, alert, prev, isNewEpisode } = proposal;
    const { systemId: _, ...rest } = proposal.state;
    const systemId = rest.status === 'firing' ? systems.get(proposal) : proposal.state.systemId;
    const state = systemId === undefined ? rest : { ...rest, systemId };
    const planned = plan(write, { known, alert, prev, state, isNewEpisode, silences });
    if (planned === null) repeats.push(alert.fingerprint);
    else writes.push(planned);
    const next = planned?.state ?? state;
    const before = prev === null ? null : checkOf(prev, settings.severities);
    const after = checkOf(next, settings.severities);
    const isMissing = after !== null && after.status !== null && !known.hasCheck;
    if (isMissing || !sameJson(before, after))
      checks.push({
        ...{ fingerprint: alert.fingerprint, changeId: planned?.changeId ?? undefined },
        ...{ before, after, state: next },
      });
  }
  await noteRepeats(tx, repeats, now);
  await storeAlerts(write, writes);
  return takenOf(writes, checks, await applyChecks(write, checks));
}

function takenOf(
  writes: readonly PlannedWrite[],
  checks: readonly CheckChange[],
  health: readonly HealthChange[],
): Map<string, TakenAlert> {
  const taken = new Map<string, TakenAlert>();
  for (const { fingerprint, changeId } of writes)
    taken.set(fingerprint, { ...(changeId !== null && { changeId }), healthChangeIds: [] });
  for (const { fingerprint, before, after } of checks) {
    const ids = health.flatMap(({ systemId, changeId }) =>
      systemId === before?.systemId || systemId === after?.systemId ? [changeId] : [],
    );
    taken.set(fingerprint, { ...taken.get(fingerprint), healthChangeIds: ids });
  }
  return taken;
}

/** The state that a message proposes for an alert, without its system and silences. */
interface MessageProposal {
  known: LockedAlert;
  alert: IncomingAlert;
  prev: AlertState | null;
  state: AlertState;
  isNewEpisode: boolean;
}

/** Returns the proposal of a message, or null when the message changes nothing. */
function proposalOf(known: LockedAlert | undefined, alert: IncomingAlert, now: Date): MessageProposal | null {
  if (known === undefined) {
    if (alert.status === 'resolved') return null;
    throw new Error(`The row of alert ${alert.fingerprint} vanished while it was being locked`);
  }
  const prev = known.state === null ? null : AlertState.parse(known.state);
  const effect = nextState(prev, alert, now);
  if (effect.kind === 'stale') return null;
  return { known, alert, prev, state: effect.state, isNewEpisode: effect.isNewEpisode };
}

/**
 * Returns the id of the system of each firing alert that has one of the labels, even if its message left out the label.
 * The value of the first such label is looked up as an id, then as an exact name. If no system has this id or name, the
 * value is the id of a system to create.
 */
async function systemsOf(
  write: DomainWrite,
  proposals: readonly MessageProposal[],
  systemLabels: readonly string[],
): Promise<Map<MessageProposal, string>> {
  const named = proposals.flatMap((proposal) => {
    const { status, labels } = proposal.state;
    if (status !== 'firing') return [];
    const name = systemLabels.find((label) => Object.hasOwn(labels, label) && labels[label] !== '');
    const value = name === undefined ? undefined : labels[name];
    return value === undefined ? [] : [{ proposal, value }];
  });
  if (named.length === 0) return new Map();
  const known = await matchSystems(
    write,
    named.map(({ value }) => value),
  );
  return new Map(named.map(({ proposal, value }) => [proposal, known.get(value) ?? value]));
}

/** A write, with the facts that its change row records. */
export interface PlannedWrite extends AlertWrite {
  state: AlertState;
  context: AlertChangeContext;
  changedFields: string[];
  delta: Record<string, unknown>;
}

interface Proposal {
  known: LockedAlert;
  /** The alert from the message; absent when a person or the clock caused the write. */
  alert?: IncomingAlert;
  prev: AlertState | null;
  state: AlertState;
  isNewEpisode: boolean;
  silences: readonly SilenceRow[];
}

const NON_REACTIVE: ReadonlySet<string> = new Set(NON_REACTIVE_FIELDS);

/** Returns the write for a new state, or null when the message is a repeat, for which no state is written. */
export function plan(write: DomainWrite, proposal: Proposal): PlannedWrite | null {
  const { known, alert, prev, state: proposed, isNewEpisode, silences } = proposal;
  const group = { ...known.groupFacts, ...alert?.group };
  const silence = coveringSilence(silences, known.fingerprint, proposed.labels);
  const { silencedUntil: _, ...bare } = proposed;
  const silencedUntil = silence?.endsAt ?? endOfSilence(proposal, write.now);
  const covered: AlertState = { ...bare, ...(silencedUntil !== undefined && { silencedUntil }) };
  // A repeated message may only update `silencedUntil`. This does not count as a change.
  const isChange = alert === undefined || reactiveDiff(prev, proposed).changedFields.length > 0;
  const state = isChange ? covered : proposed;
  if (sameJson(prev, state) && sameJson(group, known.groupFacts)) return null;
  const { changedFields, delta } = reactiveDiff(prev, state);
  return {
    fingerprint: known.fingerprint,
    ...{ prev, next: state, state, groupFacts: group, received: alert !== undefined, isNewEpisode },
    changeId: changedFields.length > 0 ? idOfChange(write, proposal) : null,
    context: contextOf(group, silence),
    ...{ changedFields, delta },
  };
}

/**
 * Returns when the episode's last silence ended, or undefined if none has ended. Call it for an alert that no silence
 * covers. Returns undefined for an alert that is not firing. Also returns undefined if a message changed the labels so
 * that a silence that has not ended no longer covers the alert, because this does not end the silence.
 */
function endOfSilence({ alert, state: { status, silencedUntil } }: Proposal, now: Date): string | undefined {
  if (status !== 'firing' || silencedUntil === undefined) return undefined;
  if (Date.parse(silencedUntil) <= now.getTime()) return silencedUntil;
  return alert === undefined ? now.toISOString() : undefined;
}

/**
 * Returns the id of the change row. For the start and the end of an episode, the id is derived from the alert and the
 * sender's time. If senders repeat messages after Postgres was restored from a backup, the changes, and therefore the
 * runs that they start, get the same ids as before. An episode starts only once: a message with the same start that
 * arrives after its end is stale.
 */
function idOfChange({ entities, now }: DomainWrite, { known, alert, prev, state, isNewEpisode }: Proposal): string {
  const { status, startsAt, endsAt = null } = state;
  const isEnd = prev?.status === 'firing' && status === 'resolved';
  const time = isNewEpisode ? alert?.startsAt : isEnd ? alert?.endsAt : undefined;
  const identity = JSON.stringify([ALERT_KIND, known.fingerprint, status, startsAt, endsAt]);
  return changeIdOf(identity, time, now) ?? entities.ids.next();
}

function contextOf(group: Record<string, unknown>, silence: AlertChangeContext['silence']): AlertChangeContext {
  const {
    groupLabels = {},
    commonLabels = {},
    externalUrl = null,
    groupKey = null,
    truncatedAlerts = 0,
  } = group as Partial<AlertChangeContext>;
  return { groupLabels, commonLabels, externalUrl, groupKey, truncatedAlerts, ...(silence && { silence }) };
}

function reactiveDiff(prev: AlertState | null, next: AlertState) {
  const { changedFields, delta } = diffState(prev, next);
  const reactive = changedFields.filter((field) => !NON_REACTIVE.has(field));
  return { changedFields: reactive, delta: Object.fromEntries(reactive.map((field) => [field, delta[field] ?? null])) };
}

/** Stores planned writes and appends their changes. Returns the ids of the change rows. */
export async function storeAlerts({ tx, now, cause }: DomainWrite, writes: readonly PlannedWrite[]): Promise<string[]> {
  await writeAlerts(tx, writes, { now, nonReactive: NON_REACTIVE_FIELDS });
  const changes = writes.flatMap(({ fingerprint, changeId, prev, next, changedFields, delta, context }) =>
    changeId === null
      ? []
      : [
          {
            changeId,
            kind: ALERT_KIND,
            id: fingerprint,
            occurredAt: now,
            cause,
            prev,
            next,
            changedFields,
            delta,
            context,
          },
        ],
  );
  return (await appendChanges(tx, changes)).map(({ changeId }) => changeId);
}
