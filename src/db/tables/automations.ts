import { sql } from 'drizzle-orm';
import { bigint, integer, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import type { Actor } from '../../domain/entities/change';
import type { Finding } from '../../domain/errors';
import { at, jsonb } from './columns';

/** One row per automation. Versioned fields are in `automationVersions`. */
export const automations = pgTable('automations', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  /**
   * Name of the automation in workflow ids. It is derived at creation and never changes; null = an older release has
   * not set it yet.
   */
  slug: text('slug').default(sql`'automation-' || left(replace(gen_random_uuid()::text, '-', ''), 12)`),
  description: text('description'),
  group: text('group'),
  status: text('status').$type<'enabled' | 'disabled'>().notNull().default('enabled'),
  managedBy: text('managed_by').$type<'api' | 'gitops'>().notNull().default('api'),
  source: text('source'),
  sourceName: text('source_name'),
  /** Path of the document. */
  sourcePath: text('source_path'),
  sourceCommit: text('source_commit'),
  version: integer('version').notNull(),
  /** Position in the commit order of definition changes. The routing index follows it. */
  revision: bigint('revision', { mode: 'number' }).notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
  deletedAt: at('deleted_at'),
});

/** Automation changes that event streams report. */
export const automationEvents = pgTable('automation_events', {
  seq: bigint('seq', { mode: 'number' })
    .primaryKey()
    .default(sql`nextval('change_seq')`),
  automationId: uuid('automation_id').notNull(),
  version: integer('version').notNull(),
  change: text('change').$type<AutomationChange>().notNull(),
  at: at('at')
    .notNull()
    .default(sql`clock_timestamp()`),
});

export type AutomationChange = 'created' | 'updated' | 'enabled' | 'disabled' | 'deleted';

/** Immutable versions of definitions. */
export const automationVersions = pgTable(
  'automation_versions',
  {
    automationId: uuid('automation_id').notNull(),
    version: integer('version').notNull(),
    schemaVersion: integer('schema_version').notNull().default(1),
    definition: jsonb('definition').$type<unknown>().notNull(),
    sourceYaml: text('source_yaml'),
    /** The author's note on the version. */
    note: text('note'),
    createdAt: at('created_at').notNull(),
    createdBy: jsonb('created_by').$type<Actor>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.automationId, t.version] })],
);

/** Reasons why no run was started. Each series of identical outcomes of an automation and context key has one row. */
export const evaluations = pgTable('evaluations', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  automationId: uuid('automation_id').notNull(),
  triggerId: text('trigger_id'),
  changeId: uuid('change_id'),
  /** Context key of the run that was not started; null = none, or unknown. */
  contextKey: text('context_key'),
  outcome: text('outcome').notNull(),
  detail: text('detail'),
  count: integer('count').notNull().default(1),
  firstAt: at('first_at').notNull(),
  lastAt: at('last_at').notNull(),
});

/** Events that the window gate has counted. */
export const windowEvents = pgTable(
  'window_events',
  {
    automationId: uuid('automation_id').notNull(),
    triggerId: text('trigger_id').notNull(),
    changeId: uuid('change_id').notNull(),
    gate: text('gate').notNull(),
    partitionKey: text('partition_key').notNull(),
    occurredAt: at('occurred_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.automationId, table.triggerId, table.changeId] })],
);

/** Dwells that `for:` gates have armed, and the causes for which they have fired. */
export const dwells = pgTable(
  'dwells',
  {
    id: uuid('id').primaryKey(),
    automationId: uuid('automation_id').notNull(),
    triggerId: text('trigger_id').notNull(),
    contextKey: text('context_key'),
    gate: text('gate').notNull(),
    status: text('status').$type<'armed' | 'spent' | 'idle'>().notNull(),
    kind: text('kind').notNull(),
    entityId: text('entity_id').notNull(),
    event: text('event').notNull(),
    config: jsonb('config').$type<Record<string, unknown>>().notNull(),
    changeId: uuid('change_id').notNull(),
    triggerScope: jsonb('trigger_scope').$type<Record<string, unknown>>().notNull(),
    causedBy: uuid('caused_by'),
    depth: integer('depth').notNull(),
    armedAt: at('armed_at').notNull(),
    firesAt: at('fires_at').notNull(),
    lastFiredAt: at('last_fired_at'),
    startAttemptedAt: at('start_attempted_at'),
    startedAt: at('started_at'),
    /** Workflow id of the dwell's timer; null = `dwell:<id>`. */
    workflowId: text('workflow_id'),
    updatedAt: at('updated_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (t) => [
    unique('dwells_automation_id_trigger_id_context_key_key')
      .on(t.automationId, t.triggerId, t.contextKey)
      .nullsNotDistinct(),
  ],
);

/** Dwells that ended before their deadline and whose workflows have not been terminated yet. */
export const dwellEnds = pgTable('dwell_ends', { id: uuid('id').primaryKey(), workflowId: text('workflow_id') });

/** Temporal Schedules of cron and interval triggers. */
export const schedules = pgTable(
  'schedules',
  {
    automationId: uuid('automation_id').notNull(),
    triggerId: text('trigger_id').notNull(),
    gate: text('gate').notNull(),
    event: text('event').notNull(),
    config: jsonb('config').$type<Record<string, unknown>>().notNull(),
    since: at('since')
      .notNull()
      .default(sql`clock_timestamp()`),
    syncedAt: at('synced_at'),
    attemptedAt: at('attempted_at'),
    spec: text('spec'),
    /**
     * Id of the Schedule in Temporal. If null, the id is `automation:<automation>:<trigger>`, or the Schedule does not
     * exist yet.
     */
    scheduleId: text('schedule_id'),
  },
  (t) => [primaryKey({ columns: [t.automationId, t.triggerId] })],
);

/** Schedules that have to be deleted from Temporal. */
export const scheduleEnds = pgTable(
  'schedule_ends',
  {
    automationId: uuid('automation_id').notNull(),
    triggerId: text('trigger_id').notNull(),
    scheduleId: text('schedule_id'),
  },
  (t) => [primaryKey({ columns: [t.automationId, t.triggerId] })],
);

/** Stored definitions that a release could not upgrade. */
export const migrationFailures = pgTable('migration_failures', {
  id: uuid('id').primaryKey(),
  automationId: uuid('automation_id').notNull(),
  version: integer('version').notNull(),
  message: text('message').notNull(),
  errors: jsonb('errors').$type<Finding[]>().notNull(),
  failedAt: at('failed_at').notNull(),
  acknowledgedAt: at('acknowledged_at'),
});

/** Owners of GitOps sources. */
export const gitopsSources = pgTable('gitops_sources', {
  source: text('source').primaryKey(),
  tokenId: text('token_id').notNull(),
  tokenName: text('token_name').notNull(),
  claimedAt: at('claimed_at').notNull(),
});
