import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  date,
  doublePrecision,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Actor } from '../domain/entities/change';
import type { Finding } from '../domain/errors';
import type { Sealed } from '../domain/secrets/cipher';

/**
 * The tables as drizzle sees them. `drizzle/` is what creates them; a test compares the two.
 */
const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
/** Unlike drizzle's own, does not read a text inside jsonb as JSON once more: `"1"` stays a text. */
const jsonb = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (value) => value,
});
const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });
const seq = () =>
  bigint('seq', { mode: 'number' })
    .notNull()
    .default(sql`nextval('change_seq')`);

/** One row per automation; what is versioned lives in `automationVersions`. */
export const automations = pgTable('automations', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  description: text('description'),
  group: text('group'),
  status: text('status').$type<'enabled' | 'disabled'>().notNull().default('enabled'),
  managedBy: text('managed_by').$type<'api' | 'gitops'>().notNull().default('api'),
  source: text('source'),
  sourceName: text('source_name'),
  version: integer('version').notNull(),
  /** Position in the order of commits of definition changes; what the routing index follows. */
  revision: bigint('revision', { mode: 'number' }).notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
  deletedAt: at('deleted_at'),
});

/** Immutable definitions. */
export const automationVersions = pgTable(
  'automation_versions',
  {
    automationId: uuid('automation_id').notNull(),
    version: integer('version').notNull(),
    schemaVersion: integer('schema_version').notNull().default(1),
    definition: jsonb('definition').$type<unknown>().notNull(),
    sourceYaml: text('source_yaml'),
    createdAt: at('created_at').notNull(),
    createdBy: jsonb('created_by').$type<Actor>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.automationId, t.version] })],
);

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

/** Identities of messages already accepted from outside. */
export const dedupKeys = pgTable('dedup_keys', {
  key: text('key').primaryKey(),
  changeIds: uuid('change_ids').array().notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
});

/** Live worker processes; only for fair shares, leases are what counts. */
export const workers = pgTable('workers', {
  id: uuid('id').primaryKey(),
  host: text('host').notNull(),
  pid: integer('pid').notNull(),
  startedAt: at('started_at').notNull().defaultNow(),
  expiresAt: at('expires_at').notNull(),
});

/** Who routes which partition; `epoch` is the fencing token. */
export const partitionLeases = pgTable('partition_leases', {
  partition: smallint('partition').primaryKey(),
  owner: uuid('owner'),
  epoch: bigint('epoch', { mode: 'number' }).notNull().default(0),
  expiresAt: at('expires_at').notNull(),
});

export const RUN_STATUSES = ['pending', 'running', 'waiting', 'success', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
export const STEP_STATUSES = ['pending', 'running', 'waiting', 'success', 'failed', 'skipped', 'cancelled'] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

/** A run's row is the truth about whether it may act. */
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

/** One row per step of a run, keyed by its place; repeats are part of the path. */
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

/** What actions made, by run and place. */
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

/** Why nothing ran: one row per stretch of identical outcomes. */
export const evaluations = pgTable('evaluations', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  automationId: uuid('automation_id').notNull(),
  triggerId: text('trigger_id'),
  changeId: uuid('change_id'),
  outcome: text('outcome').notNull(),
  detail: text('detail'),
  count: integer('count').notNull().default(1),
  firstAt: at('first_at').notNull(),
  lastAt: at('last_at').notNull(),
});

/** What the window gate has counted. */
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

/** What cron and interval triggers ask of Temporal's Schedules. */
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
  },
  (t) => [primaryKey({ columns: [t.automationId, t.triggerId] })],
);

/** Schedules that are to be deleted from Temporal. */
export const scheduleEnds = pgTable(
  'schedule_ends',
  { automationId: uuid('automation_id').notNull(), triggerId: text('trigger_id').notNull() },
  (t) => [primaryKey({ columns: [t.automationId, t.triggerId] })],
);

/** Secrets, sealed for their names. */
export const secrets = pgTable('secrets', {
  name: text('name').primaryKey(),
  version: integer('version').notNull(),
  sealed: jsonb('sealed').$type<Sealed>().notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** Values that runs have used, sealed for the runs. */
export const runSecrets = pgTable(
  'run_secrets',
  {
    runId: uuid('run_id').notNull(),
    source: text('source').notNull(),
    sealed: jsonb('sealed').$type<Sealed>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.runId, t.source] })],
);

/** What notification.send has delivered, or not. */
export const notifications = pgTable('notifications', {
  id: uuid('id').primaryKey(),
  runId: uuid('run_id'),
  connectionId: text('connection_id').notNull(),
  strategy: text('strategy').notNull(),
  recipients: text('recipients').array().notNull(),
  title: text('title').notNull(),
  importance: text('importance').notNull(),
  status: text('status').notNull(),
  durationMs: integer('duration_ms').notNull(),
  errorMessage: text('error_message'),
  createdAt: at('created_at').notNull(),
});

/** Who depends on whom: the source on the target. */
export const dependencies = pgTable(
  'dependencies',
  {
    id: uuid('id').primaryKey(),
    sourceSystemId: text('source_system_id').notNull(),
    targetSystemId: text('target_system_id').notNull(),
    impactType: text('impact_type').$type<'informational' | 'degraded' | 'critical'>().notNull(),
    transitive: boolean('transitive').notNull().default(false),
    label: text('label'),
    createdAt: at('created_at').notNull(),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [unique('dependencies_source_system_id_target_system_id_key').on(t.sourceSystemId, t.targetSystemId)],
);

/** Those who run checks elsewhere. */
export const satellites = pgTable('satellites', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  region: text('region'),
  status: text('status').$type<'online' | 'offline'>().notNull(),
  heartbeatTimeoutSeconds: integer('heartbeat_timeout_seconds').notNull(),
  lastSeenAt: at('last_seen_at'),
  lastEvent: text('last_event').notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** Objectives for the health of systems. */
export const slos = pgTable('slos', {
  id: uuid('id').primaryKey(),
  systemId: text('system_id').notNull(),
  name: text('name').notNull(),
  target: doublePrecision('target').notNull(),
  windowDays: integer('window_days').notNull(),
  budgetRemainingPercent: doublePrecision('budget_remaining_percent').notNull(),
  currentStreak: integer('current_streak').notNull(),
  bestStreak: integer('best_streak').notNull(),
  achievements: text('achievements').array().notNull().default([]),
  computedAt: at('computed_at').notNull(),
  computeAt: at('compute_at').notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** Weeks whose digest was sent. */
export const sloDigests = pgTable('slo_digests', { week: date('week').primaryKey(), sentAt: at('sent_at').notNull() });

/** What runs wait for. */
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
    lookedBy: jsonb('looked_by').$type<Record<string, unknown>>(),
    looked: boolean('looked').notNull().default(false),
    signalledAt: at('signalled_at'),
  },
  (t) => [unique('waits_run_id_path_key').on(t.runId, t.path)],
);

/** Entities that waits look at; `*` = any of the kind. */
export const waitRefs = pgTable(
  'wait_refs',
  {
    kind: text('kind').notNull(),
    entityId: text('entity_id').notNull(),
    waitId: uuid('wait_id').notNull(),
  },
  (t) => [primaryKey({ columns: [t.kind, t.entityId, t.waitId] })],
);

/** What `for:` gates have armed, and what they have fired of. */
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

/** Dwells that ended before their deadline and whose workflow has not been told. */
export const dwellEnds = pgTable('dwell_ends', { id: uuid('id').primaryKey() });

/** Custom kinds with their JSON Schema. */
export const entityKinds = pgTable('entity_kinds', {
  kind: text('kind').primaryKey(),
  schema: jsonb('schema').$type<Record<string, unknown>>().notNull(),
  description: text('description'),
  reactive: boolean('reactive').notNull().default(true),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** Reactive state; `state` null = removed. */
export const entities = pgTable(
  'entities',
  {
    kind: text('kind').notNull(),
    id: text('id').notNull(),
    state: jsonb('state').$type<Record<string, unknown>>(),
    createdAt: at('created_at').notNull(),
    updatedAt: at('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.kind, t.id] })],
);

/** One row per changed top-level field. */
export const entityTransitions = pgTable('entity_transitions', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  kind: text('kind').notNull(),
  entityId: text('entity_id').notNull(),
  field: text('field').notNull(),
  fromValue: jsonb('from_value').$type<unknown>(),
  toValue: jsonb('to_value').$type<unknown>(),
  at: at('at').notNull(),
  changeId: uuid('change_id').notNull(),
});

/** The catalogue's systems. */
export const systems = pgTable('systems', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  description: text('description'),
  metadata: jsonb('metadata').$type<Record<string, unknown>>().notNull().default({}),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
  groupIds: text('group_ids').array().notNull().default([]),
});

/** Groups of systems. */
export const systemGroups = pgTable('system_groups', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  description: text('description'),
  metadata: jsonb('metadata').$type<Record<string, unknown>>().notNull().default({}),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** Checks and firing alerts of systems with their last status. */
export const healthChecks = pgTable(
  'health_checks',
  {
    systemId: text('system_id').notNull(),
    configurationId: text('configuration_id').notNull(),
    source: text('source').$type<'check' | 'alert'>().notNull().default('check'),
    enabled: boolean('enabled').notNull().default(true),
    status: text('status').$type<HealthStatus>(),
    lastResultAt: at('last_result_at'),
    data: jsonb('data').$type<Record<string, unknown>>().notNull().default({}),
  },
  (t) => [primaryKey({ columns: [t.systemId, t.configurationId] })],
);

/** Raw results, kept for 24 h. */
export const healthResults = pgTable('health_results', {
  id: uuid('id').primaryKey(),
  systemId: text('system_id').notNull(),
  configurationId: text('configuration_id').notNull(),
  status: text('status').$type<HealthStatus>().notNull(),
  latencyMs: doublePrecision('latency_ms'),
  collectors: jsonb('collectors').$type<Record<string, unknown>>(),
  message: text('message'),
  at: at('at').notNull(),
  receivedAt: at('received_at').notNull(),
});

/** Incidents; the reactive part is the entity of the same id. */
export const incidents = pgTable('incidents', {
  id: uuid('id').primaryKey(),
  title: text('title').notNull(),
  description: text('description'),
  severity: text('severity').$type<'minor' | 'major' | 'critical'>().notNull(),
  status: text('status').$type<'investigating' | 'identified' | 'fixing' | 'monitoring' | 'resolved'>().notNull(),
  systemIds: text('system_ids').array().notNull(),
  suppressNotifications: boolean('suppress_notifications').notNull().default(false),
  createdBy: jsonb('created_by').$type<Actor>().notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
  resolvedAt: at('resolved_at'),
});

/** What people and automations said about an incident. */
export const incidentUpdates = pgTable('incident_updates', {
  id: uuid('id').primaryKey(),
  incidentId: uuid('incident_id').notNull(),
  message: text('message').notNull(),
  statusChange: text('status_change'),
  actor: jsonb('actor').$type<Actor>().notNull(),
  at: at('at').notNull(),
});

/** Maintenances; the reactive part is the entity of the same id. */
export const maintenances = pgTable('maintenances', {
  id: uuid('id').primaryKey(),
  title: text('title').notNull(),
  description: text('description'),
  systemIds: text('system_ids').array().notNull(),
  status: text('status').$type<'scheduled' | 'in_progress' | 'completed' | 'cancelled'>().notNull(),
  startAt: at('start_at').notNull(),
  endAt: at('end_at').notNull(),
  suppressNotifications: boolean('suppress_notifications').notNull().default(false),
  createdBy: jsonb('created_by').$type<Actor>().notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** What people and automations said about a maintenance. */
export const maintenanceUpdates = pgTable('maintenance_updates', {
  id: uuid('id').primaryKey(),
  maintenanceId: uuid('maintenance_id').notNull(),
  message: text('message').notNull(),
  actor: jsonb('actor').$type<Actor>().notNull(),
  at: at('at').notNull(),
});

/** Hashed bearer tokens. */
export const apiTokens = pgTable('api_tokens', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  prefix: text('prefix').notNull(),
  hash: bytea('hash').notNull(),
  roles: text('roles').array().notNull(),
  createdAt: at('created_at').notNull(),
  expiresAt: at('expires_at'),
  revokedAt: at('revoked_at'),
});

/** Append-only record of mutations, also refused ones. */
export const auditLog = pgTable('audit_log', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  at: at('at').notNull(),
  actor: jsonb('actor').$type<Actor>().notNull(),
  action: text('action').notNull(),
  target: text('target'),
  outcome: text('outcome').notNull(),
  remoteAddress: text('remote_address'),
  detail: jsonb('detail').$type<unknown>(),
});

/** Answers kept for repeats with the same Idempotency-Key. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    principal: text('principal').notNull(),
    route: text('route').notNull(),
    key: text('key').notNull(),
    bodyHash: text('body_hash').notNull(),
    status: integer('status').notNull(),
    response: jsonb('response').$type<unknown>(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.principal, t.route, t.key] })],
);

/** Who may post to `/hooks/{name}`, and how that is checked; secrets are sealed. */
export const hooks = pgTable('hooks', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  scheme: text('scheme').$type<HookScheme>().notNull(),
  /** Header of the secret or signature; null = the scheme's own. */
  header: text('header'),
  secrets: jsonb('secrets').$type<Sealed[]>().notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** How a hook tells its sender: not at all, a shared secret in a header, or an HMAC over the raw body. */
export const HOOK_SCHEMES = ['none', 'header', 'github', 'timestamped'] as const;
export type HookScheme = (typeof HOOK_SCHEMES)[number];

/** Connections to other products; `secrets` holds the sealed fields of the config. */
export const connections = pgTable('connections', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  type: text('type').notNull(),
  config: jsonb('config').$type<Record<string, unknown>>().notNull(),
  secrets: jsonb('secrets').$type<Record<string, Sealed>>().notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** Packages that scripts may use, with their archives. */
export const scriptPackages = pgTable('script_packages', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  version: text('version').notNull(),
  sha256: text('sha256').notNull(),
  tarball: bytea('tarball').notNull(),
  createdAt: at('created_at').notNull(),
});

/** What all processes together have counted; `labels` as in Prometheus' text format, without braces. */
export const metricTotals = pgTable(
  'metric_totals',
  {
    name: text('name').notNull(),
    labels: text('labels').notNull(),
    value: doublePrecision('value').notNull(),
  },
  (table) => [primaryKey({ columns: [table.name, table.labels] })],
);

/** Stored definitions that a release could not bring into its form. */
export const migrationFailures = pgTable('migration_failures', {
  id: uuid('id').primaryKey(),
  automationId: uuid('automation_id').notNull(),
  version: integer('version').notNull(),
  message: text('message').notNull(),
  errors: jsonb('errors').$type<Finding[]>().notNull(),
  failedAt: at('failed_at').notNull(),
  acknowledgedAt: at('acknowledged_at'),
});
