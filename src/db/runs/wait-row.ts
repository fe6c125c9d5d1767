import { sql } from 'drizzle-orm';
import type { RunError } from '../../domain/run/step-record';

/** The values that the expressions of a wait can read, apart from the run itself and its artifacts. */
export interface WaitContext {
  variables: Record<string, unknown>;
  repeat: Record<string, unknown> | null;
  wait: Record<string, unknown> | null;
  error?: RunError;
  /** Ids of changes that ended earlier waits and therefore cannot end this wait. Not visible to expressions. */
  taken?: string[];
  /** Keys of the listed events, in the same order. Absent for a single event. Not visible to expressions. */
  keys?: AwaitedKey[];
}

/** An event that a wait expects, and the context key that it must have. */
export interface AwaitedKey {
  event: string;
  contextKey: string | null;
  anyKey: boolean;
}

/** The cause of a wake. */
export interface WakeCause {
  changed?: { kind: string; id: string };
  /** For a wait on any entity of a kind: further entities that changed while the wake was unanswered. */
  more?: { kind: string; id: string }[];
  /** The `trigger` scope of the event that ended the wait. */
  trigger?: Record<string, unknown>;
  seq?: number;
}

/** An armed wait. */
export interface Wait {
  id: string;
  runId: string;
  path: string;
  kind: 'wait_until' | 'wait_for_trigger';
  event: string | null;
  contextKey: string | null;
  anyKey: boolean;
  /** In the form `kind:id`. */
  refs: string[];
  scope: WaitContext;
  afterSeq: number;
  since: Date;
  timeoutAt: Date | null;
  recheckAt: Date | null;
  wokenBy: WakeCause | null;
  /** The wake that caused the current check; null if no wake did. */
  checkCause: WakeCause | null;
  /** Whether the wait has been evaluated since it was armed. */
  isChecked: boolean;
}

/** A row of `waits` with the columns of `WAIT_COLUMNS`. */
export interface WaitRow extends Record<string, unknown> {
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
  woken_by: WakeCause | null;
  looked_by: WakeCause | null;
  looked: boolean;
}

/**
 * The columns are listed by name, so that a column added by a newer release does not change the result of prepared
 * statements.
 */
export const WAIT_COLUMNS =
  sql.raw(`id, run_id, path, kind, event, context_key, any_key, refs, scope, after_seq, since, timeout_at,
  recheck_at, woken_by, looked_by, looked`);

const instant = (value: string | null): Date | null => (value === null ? null : new Date(value));

/** Converts a row to a wait. */
export function toWait(row: WaitRow): Wait {
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

/** Returns the names of the events that end a wait. */
export function eventsOf({ event, scope }: Pick<Wait, 'event' | 'scope'>): string[] {
  if (scope.keys !== undefined) return [...new Set(scope.keys.map((each) => each.event))];
  return event === null ? [] : [event];
}

/**
 * Returns the events that a wait lists, in their order, each with its context key. The key `*` matches any context key.
 */
export function awaitedEvents({
  event,
  contextKey,
  anyKey,
  scope,
}: Wait): { event: string; contextKey: string | null }[] {
  const keys = scope.keys ?? (event === null ? [] : [{ event, contextKey, anyKey }]);
  return keys.map((each) => ({ event: each.event, contextKey: each.anyKey ? '*' : each.contextKey }));
}

/** Returns the kinds for which a change to any entity can affect a wait. */
export function wildKinds({ refs }: Pick<Wait, 'refs'>): string[] {
  return refs.filter((ref) => ref.endsWith(':*')).map((ref) => ref.slice(0, -2));
}

/** Kind under which `wait_refs` stores the events of waits that list several events. */
export const EVENT_REF = '$event';

/** Maximum number of entities in a wake. If more entities change, the next change of the kind finds the rest. */
export const MAX_CHANGED = 200;
