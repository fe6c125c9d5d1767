import { bigint, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { at, jsonb } from './columns';

/**
 * Fields of alerts that are not part of their states, and copies of the fields that lists are filtered by. The state of
 * an alert is the state of its entity.
 */
export const alerts = pgTable('alerts', {
  fingerprint: text('fingerprint').primaryKey(),
  source: text('source').notNull(),
  status: text('status').$type<'firing' | 'resolved'>().notNull(),
  severity: text('severity'),
  labels: jsonb('labels').$type<Record<string, string>>().notNull(),
  systemId: text('system_id'),
  startsAt: at('starts_at').notNull(),
  groupFacts: jsonb('group_facts').$type<Record<string, unknown>>().notNull().default({}),
  lastReceivedAt: at('last_received_at').notNull(),
  /** Number of messages in the current episode that changed nothing. */
  repeats: bigint('repeats', { mode: 'number' }).notNull().default(0),
});

/** One row for each time an alert fired. */
export const alertEpisodes = pgTable(
  'alert_episodes',
  {
    fingerprint: text('fingerprint').notNull(),
    startsAt: at('starts_at').notNull(),
    endsAt: at('ends_at'),
    endedBy: text('ended_by').$type<'sender' | 'stale' | 'person'>(),
    acknowledgedBy: text('acknowledged_by'),
  },
  (t) => [primaryKey({ columns: [t.fingerprint, t.startsAt] })],
);

/** Silences, by fingerprint or by matchers. They also apply to alerts that arrive later. */
export const alertSilences = pgTable('alert_silences', {
  id: uuid('id').primaryKey(),
  fingerprint: text('fingerprint'),
  matchers: text('matchers').array().notNull().default([]),
  endsAt: at('ends_at').notNull(),
  comment: text('comment').notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: at('created_at').notNull(),
  /** The copy of this silence in an Alertmanager. */
  remote: jsonb('remote').$type<{ connectionId: string; id: string }>(),
});

/** Refused messages from senders. */
export const refusedDeliveries = pgTable('refused_deliveries', {
  id: uuid('id').primaryKey(),
  route: text('route').notNull(),
  sender: text('sender').notNull(),
  code: text('code').notNull(),
  message: text('message').notNull(),
  index: integer('index'),
  at: at('at').notNull(),
});
