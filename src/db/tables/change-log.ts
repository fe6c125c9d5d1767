import { sql } from 'drizzle-orm';
import { bigint, doublePrecision, integer, pgTable, primaryKey, smallint, text, uuid } from 'drizzle-orm/pg-core';
import type { Actor } from '../../domain/entities/change';
import type { Knowledge } from '../../domain/registry/knowledge';
import { at, jsonb, seq } from './columns';

/** The change log, partitioned by day of `recordedAt`. */
export const changes = pgTable('changes', {
  seq: seq(),
  changeId: uuid('change_id').notNull(),
  partition: smallint('partition').notNull(),
  kind: text('kind').notNull(),
  entityId: text('entity_id').notNull(),
  event: text('event'),
  payload: jsonb('payload').$type<Record<string, unknown>>(),
  contextKey: text('context_key'),
  prev: jsonb('prev').$type<Record<string, unknown>>(),
  next: jsonb('next').$type<Record<string, unknown>>(),
  delta: jsonb('delta').$type<Record<string, unknown>>(),
  changedFields: text('changed_fields').array(),
  actor: jsonb('actor').$type<Actor>().notNull(),
  causedBy: uuid('caused_by'),
  depth: integer('depth').notNull().default(0),
  occurredAt: at('occurred_at').notNull(),
  recordedAt: at('recorded_at')
    .notNull()
    .default(sql`clock_timestamp()`),
  routedAt: at('routed_at'),
  attempts: smallint('attempts').notNull().default(0),
  nextAttemptAt: at('next_attempt_at'),
  failedAt: at('failed_at'),
  error: jsonb('error').$type<{ message: string }>(),
});

/** The outcomes of changes for candidates and waits. Partitioned by day of `at`. */
export const routings = pgTable('routings', {
  at: at('at')
    .notNull()
    .default(sql`clock_timestamp()`),
  changeId: uuid('change_id').notNull(),
  kind: text('kind').notNull(),
  automationId: uuid('automation_id'),
  automationName: text('automation_name'),
  triggerId: text('trigger_id'),
  version: integer('version'),
  outcome: text('outcome').notNull(),
  detail: text('detail'),
  deciding: jsonb('deciding'),
  runId: uuid('run_id'),
  dwell: jsonb('dwell'),
  counted: jsonb('counted'),
  path: text('path'),
  /** For the kind `refused`: the changes whose refusals the row contains. */
  changeIds: uuid('change_ids').array(),
  /** For the kind `refused`: see `PackedRefusals`. */
  refused: text('refused'),
});

/** Identities of messages that have been accepted. */
export const dedupKeys = pgTable('dedup_keys', {
  key: text('key').primaryKey(),
  changeIds: uuid('change_ids').array().notNull(),
  /** SHA-256 of the message's content; null where only the key counts. */
  contentHash: text('content_hash'),
  createdAt: at('created_at').notNull().defaultNow(),
});

/** Worker processes, including those that stopped a few minutes ago, and the names that their plugins provide. */
export const workers = pgTable('workers', {
  id: uuid('id').primaryKey(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  startedAt: at('started_at').notNull().defaultNow(),
  expiresAt: at('expires_at').notNull(),
  /** Names of `Knowledge`; null = the worker's release does not announce them. */
  knows: text('knows').array(),
  reads: jsonb('reads').$type<Knowledge['reads']>(),
  /** Hash of `knows` and `reads`. */
  knowsId: text('knows_id'),
  /** The worker's release; null if the worker does not announce it. */
  version: text('version'),
  /** How the worker enforces script limits; null if its release does not announce this. */
  scriptLimits: text('script_limits'),
});

/** Which worker routes which partition; `epoch` is the fencing token. */
export const partitionLeases = pgTable('partition_leases', {
  partition: smallint('partition').primaryKey(),
  owner: uuid('owner'),
  epoch: bigint('epoch', { mode: 'number' }).notNull().default(0),
  expiresAt: at('expires_at').notNull(),
  /**
   * Names that are required to route the next change. Until `needsUntil`, and while a worker that provides them is
   * live, only workers that provide them may take the partition.
   */
  needs: text('needs').array(),
  needsUntil: at('needs_until'),
});

/** Which worker performs each kind of periodic work. */
export const sweepLeases = pgTable('sweep_leases', {
  name: text('name').primaryKey(),
  owner: uuid('owner').notNull(),
  expiresAt: at('expires_at').notNull(),
});

/** Open runs without progress, as found by the latest search. */
export const stuckRuns = pgTable('stuck_runs', {
  runId: uuid('run_id').primaryKey(),
  code: text('code').notNull(),
  reason: text('reason').notNull(),
  since: at('since').notNull().defaultNow(),
});

/** When periodic work was last done, and its progress. */
export const periodicWork = pgTable('periodic_work', {
  name: text('name').primaryKey(),
  doneAt: at('done_at').notNull(),
  position: jsonb('position').$type<unknown>(),
});

/**
 * Unused. While processes are replaced, the previous release still adds its counts here. A later release drops the
 * table.
 */
export const metricTotals = pgTable(
  'metric_totals',
  {
    name: text('name').notNull(),
    labels: text('labels').notNull(),
    value: doublePrecision('value').notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.labels] })],
);
