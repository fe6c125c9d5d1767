import { sql } from 'drizzle-orm';
import { bigint, boolean, integer, pgTable, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import type { Sealed } from '../../domain/secrets/cipher';
import { at, jsonb, seq } from './columns';

/** `pending`, `running` and `waiting` are open; the others are final. ARCHITECTURE.md describes the transitions. */
export const RUN_STATUSES = ['pending', 'running', 'waiting', 'success', 'failed', 'cancelled'] as const;

export type RunStatus = (typeof RUN_STATUSES)[number];

/**
 * The statuses of steps: those of runs, and `skipped` (the step's `enabled` was false). A step is `cancelled` if its
 * run or branch ended before the step.
 */
export const STEP_STATUSES = ['pending', 'running', 'waiting', 'success', 'failed', 'skipped', 'cancelled'] as const;

export type StepStatus = (typeof STEP_STATUSES)[number];

/** Runs. A run's row decides whether the run may still act. */
export const runs = pgTable('runs', {
  id: uuid('id').primaryKey(),
  automationId: uuid('automation_id').notNull(),
  version: integer('version').notNull(),
  scopeKey: text('scope_key').notNull(),
  mode: text('mode').$type<'single' | 'restart' | 'queued' | 'parallel'>().notNull(),
  status: text('status').$type<RunStatus>().notNull(),
  triggerId: text('trigger_id'),
  triggerEvent: text('trigger_event'),
  changeId: uuid('change_id'),
  contextKey: text('context_key'),
  triggerScope: jsonb('trigger_scope').$type<Record<string, unknown>>().notNull(),
  variables: jsonb('variables').$type<Record<string, unknown>>().notNull().default({}),
  parentRunId: uuid('parent_run_id'),
  rootRunId: uuid('root_run_id').notNull(),
  causedBy: uuid('caused_by'),
  depth: integer('depth').notNull().default(0),
  workflowId: text('workflow_id').notNull(),
  executionRunId: text('execution_run_id'),
  startAt: at('start_at'),
  startAttemptedAt: at('start_attempted_at'),
  closeRequested: text('close_requested').$type<'cancel' | 'terminate'>(),
  endedBy: jsonb('ended_by').$type<Record<string, unknown>>(),
  error: jsonb('error').$type<Record<string, unknown>>(),
  createdAt: at('created_at').notNull(),
  startedAt: at('started_at'),
  finishedAt: at('finished_at'),
  seq: seq(),
});

/** Steps of runs, with one row per path. The path contains the iterations of loops. */
export const runSteps = pgTable(
  'run_steps',
  {
    runId: uuid('run_id').notNull(),
    path: text('path').notNull(),
    actionId: text('action_id'),
    kind: text('kind').notNull(),
    action: text('action'),
    status: text('status').$type<StepStatus>().notNull(),
    attempts: integer('attempts').notNull().default(0),
    attempt: jsonb('attempt').$type<Record<string, unknown>>(),
    result: jsonb('result').$type<unknown>(),
    error: jsonb('error').$type<Record<string, unknown>>(),
    trace: jsonb('trace').$type<unknown>(),
    beganSeq: bigint('began_seq', { mode: 'number' })
      .notNull()
      .default(sql`nextval('change_seq')`),
    startedAt: at('started_at'),
    finishedAt: at('finished_at'),
    seq: seq(),
  },
  (t) => [primaryKey({ columns: [t.runId, t.path] })],
);

/** Artifacts created by actions, by run and path. */
export const artifacts = pgTable('artifacts', {
  id: uuid('id').primaryKey(),
  runId: uuid('run_id').notNull(),
  automationId: uuid('automation_id').notNull(),
  contextKey: text('context_key'),
  path: text('path').notNull(),
  actionId: text('action_id'),
  name: text('name').notNull(),
  type: text('type').notNull(),
  data: jsonb('data').$type<Record<string, unknown>>().notNull(),
  createdAt: at('created_at').notNull(),
  closedAt: at('closed_at'),
});

/** Armed waits of runs. */
export const waits = pgTable(
  'waits',
  {
    id: uuid('id').primaryKey(),
    runId: uuid('run_id').notNull(),
    path: text('path').notNull(),
    kind: text('kind').$type<'wait_until' | 'wait_for_trigger'>().notNull(),
    event: text('event'),
    contextKey: text('context_key'),
    anyKey: boolean('any_key').notNull().default(false),
    refs: text('refs').array().notNull(),
    scope: jsonb('scope').$type<Record<string, unknown>>().notNull(),
    afterSeq: bigint('after_seq', { mode: 'number' }).notNull(),
    since: at('since').notNull(),
    timeoutAt: at('timeout_at'),
    recheckAt: at('recheck_at'),
    wokenBy: jsonb('woken_by').$type<Record<string, unknown>>(),
    checkCause: jsonb('looked_by').$type<Record<string, unknown>>(),
    isChecked: boolean('looked').notNull().default(false),
    signalledAt: at('signalled_at'),
  },
  (t) => [unique('waits_run_id_path_key').on(t.runId, t.path)],
);

/** Entities on which waits depend (`*` = any entity of the kind), and the events of waits that list several events. */
export const waitRefs = pgTable(
  'wait_refs',
  {
    kind: text('kind').notNull(),
    entityId: text('entity_id').notNull(),
    waitId: uuid('wait_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.kind, t.entityId, t.waitId] })],
);

/** Values of secrets that runs have used, sealed for the runs. */
export const runSecrets = pgTable(
  'run_secrets',
  {
    runId: uuid('run_id').notNull(),
    source: text('source').notNull(),
    sealed: jsonb('sealed').$type<Sealed>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.runId, t.source] })],
);
