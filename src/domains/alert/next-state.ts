import type { AlertState, EndedBy } from './alert-entity';
import type { IncomingAlert } from './incoming-alert';

/** The effect of a message on an alert. */
export type MessageEffect =
  /** The message belongs to an episode that has ended, or resolves an unknown alert. Nothing changes. */
  { kind: 'stale' } | { kind: 'state'; state: AlertState; isNewEpisode: boolean };

/**
 * Returns the labels and annotations of an alert after a message. A partial message adds labels and annotations, and
 * replaces known values only where `partial` allows it. Any other message replaces all of them.
 */
function textsOf({ labels, annotations, partial }: IncomingAlert, prev: AlertState | null) {
  if (partial === undefined || prev === null) return { labels, annotations };
  const replaced = Object.entries(labels).filter(([name]) => partial.replaces.includes(name));
  return {
    labels: { ...labels, ...prev.labels, ...Object.fromEntries(replaced) },
    annotations: { ...annotations, ...prev.annotations, ...(partial.replacesAnnotations && annotations) },
  };
}

/** Returns the fields of the state that a message sets. */
function described(alert: IncomingAlert, prev: AlertState | null): Omit<AlertState, 'status' | 'startsAt'> {
  const { source, receiver, generatorUrl, dashboardUrl, silenceUrl, value } = alert;
  const { labels, annotations } = textsOf(alert, prev);
  const runbookUrl = own(annotations, 'runbook_url');
  return {
    name: own(labels, 'alertname') ?? null,
    severity: own(labels, 'severity') ?? null,
    ...{ labels, annotations, source },
    ...(receiver !== undefined && { receiver }),
    ...(generatorUrl !== undefined && { generatorUrl }),
    ...(dashboardUrl !== undefined && { dashboardUrl }),
    ...(silenceUrl !== undefined && { silenceUrl }),
    ...(runbookUrl !== undefined && { runbookUrl }),
    ...(value !== undefined && { value }),
  };
}

const own = (texts: Record<string, string>, name: string): string | undefined =>
  Object.hasOwn(texts, name) ? texts[name] : undefined;

/**
 * Returns the fields that are kept during an episode because a message does not set them. An acknowledgement in the
 * message is applied later.
 */
function kept({ systemId, acknowledgedBy, acknowledgedAt, silencedUntil }: AlertState): Partial<AlertState> {
  return {
    ...(systemId !== undefined && { systemId }),
    ...(acknowledgedBy !== undefined && { acknowledgedBy }),
    ...(acknowledgedAt !== undefined && { acknowledgedAt }),
    ...(silencedUntil !== undefined && { silencedUntil }),
  };
}

/**
 * Returns the state of an alert after a message. Within an episode, `startsAt` keeps its first value. Three kinds of
 * messages are stale: a firing message whose start is not after the end of the last episode, a message that resolves an
 * unknown alert, and a message that resolves an episode before its start. Exception: an episode that ended as stale
 * continues when the sender repeats the alert.
 */
export function nextState(prev: AlertState | null, alert: IncomingAlert, now: Date): MessageEffect {
  return alert.status === 'firing' ? fired(prev, alert, now) : resolved(prev, alert, now);
}

function fired(prev: AlertState | null, alert: IncomingAlert, now: Date): MessageEffect {
  if (prev?.status === 'firing') {
    const state = { ...described(alert, prev), status: 'firing' as const, startsAt: prev.startsAt, ...kept(prev) };
    return { kind: 'state', state: acknowledged(state, alert, now), isNewEpisode: false };
  }
  const startsAt = alert.startsAt ?? now;
  const isNewEpisode = prev?.endsAt === undefined || startsAt.getTime() > Date.parse(prev.endsAt);
  if (!isNewEpisode && prev.endedBy !== 'stale') return { kind: 'stale' };
  const state = {
    ...described(alert, prev),
    ...{ status: 'firing' as const, startsAt: isNewEpisode ? startsAt.toISOString() : prev.startsAt },
  };
  return { kind: 'state', state: acknowledged(state, alert, now), isNewEpisode };
}

function resolved(prev: AlertState | null, alert: IncomingAlert, now: Date): MessageEffect {
  if (prev === null) return { kind: 'stale' };
  if (prev.status === 'resolved') return { kind: 'state', state: prev, isNewEpisode: false };
  const isOpen = alert.endsAt === undefined || alert.endsAt > now;
  if (!isOpen && alert.endsAt !== undefined && alert.endsAt.getTime() < Date.parse(prev.startsAt)) {
    return { kind: 'stale' };
  }
  const given = described(alert, prev);
  const isBare = Object.keys(alert.labels).length === 0;
  const texts = isBare ? withoutEnd(prev) : given;
  const state = { ...texts, startsAt: prev.startsAt, ...kept(prev) };
  return {
    kind: 'state',
    state: endedState(state, isOpen ? now : (alert.endsAt ?? now), 'sender'),
    isNewEpisode: false,
  };
}

/**
 * Returns the state without the fields that are set when the episode ends. Used for a resolving message without labels,
 * so that all other fields are kept.
 */
function withoutEnd({ status: _, endsAt: __, endedBy: ___, ...rest }: AlertState) {
  return rest;
}

/** Returns the state after the end of the episode. The end is never before the start. */
export function endedState(
  state: Omit<AlertState, 'status' | 'endsAt' | 'endedBy'>,
  at: Date,
  endedBy: EndedBy,
): AlertState {
  const endsAt = new Date(Math.max(at.getTime(), Date.parse(state.startsAt))).toISOString();
  return { ...state, status: 'resolved', endsAt, endedBy };
}

function acknowledged(state: AlertState, { acknowledged: given }: IncomingAlert, now: Date): AlertState {
  if (given === undefined) return state;
  if (given.by === null) {
    const { acknowledgedBy: _, acknowledgedAt: __, ...rest } = state;
    return rest;
  }
  if (state.acknowledgedAt !== undefined) return state;
  return { ...state, acknowledgedBy: given.by, acknowledgedAt: now.toISOString() };
}
