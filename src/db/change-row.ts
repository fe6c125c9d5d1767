import { sql } from 'drizzle-orm';
import type { Actor, Change } from '../domain/entities/change';

/** A row of the change log as `select` returns it. */
export interface ChangeRow extends Record<string, unknown> {
  seq: string;
  change_id: string;
  kind: string;
  entity_id: string;
  event: string | null;
  payload: Record<string, unknown> | null;
  prev: Record<string, unknown> | null;
  next: Record<string, unknown> | null;
  delta: Record<string, unknown> | null;
  changed_fields: string[] | null;
  actor: Actor;
  caused_by: string | null;
  depth: number;
  occurred_at: string;
}

/** The columns of `ChangeRow`. */
export const CHANGE_COLUMNS = sql.raw(`seq, change_id, kind, entity_id, event, payload, prev, next, delta,
  changed_fields, actor, caused_by, depth, occurred_at`);

/** Converts a row to a change. */
export function changeOf(row: ChangeRow): Change {
  const base = {
    changeId: row.change_id,
    seq: Number(row.seq),
    kind: row.kind,
    id: row.entity_id,
    actor: row.actor,
    causedBy: row.caused_by,
    depth: row.depth,
    occurredAt: new Date(row.occurred_at),
  };
  if (row.event !== null) {
    const context = row.delta === null ? {} : { context: row.delta };
    return { ...base, shape: 'event', event: row.event, payload: row.payload ?? {}, ...context };
  }
  return {
    ...base,
    shape: 'entity',
    prev: row.prev,
    next: row.next,
    delta: row.delta ?? {},
    changedFields: row.changed_fields ?? [],
    ...(row.payload === null ? {} : { context: row.payload }),
  };
}
