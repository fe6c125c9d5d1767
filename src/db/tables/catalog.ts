import { boolean, date, doublePrecision, integer, pgTable, text, unique, uuid } from 'drizzle-orm/pg-core';
import { at, jsonb } from './columns';

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

/** Dependencies between systems: the source depends on the target. */
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

/** Service level objectives for the health of systems. */
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

/** Weeks whose digest has been sent. */
export const sloDigests = pgTable('slo_digests', { week: date('week').primaryKey(), sentAt: at('sent_at').notNull() });

/** Satellites, which run checks from other locations. */
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
