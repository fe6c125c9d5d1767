import { boolean, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import type { Actor } from '../../domain/entities/change';
import { at, jsonb } from './columns';

/** Incidents. The reactive part of an incident is the entity with the same id. */
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

/** Updates to incidents by people and automations. */
export const incidentUpdates = pgTable('incident_updates', {
  id: uuid('id').primaryKey(),
  incidentId: uuid('incident_id').notNull(),
  message: text('message').notNull(),
  statusChange: text('status_change'),
  actor: jsonb('actor').$type<Actor>().notNull(),
  at: at('at').notNull(),
});

/** Maintenances. The reactive part of a maintenance is the entity with the same id. */
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

/** Updates to maintenances by people and automations. */
export const maintenanceUpdates = pgTable('maintenance_updates', {
  id: uuid('id').primaryKey(),
  maintenanceId: uuid('maintenance_id').notNull(),
  message: text('message').notNull(),
  actor: jsonb('actor').$type<Actor>().notNull(),
  at: at('at').notNull(),
});
