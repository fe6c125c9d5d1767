import { sql } from 'drizzle-orm';
import { integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { Sealed } from '../../domain/secrets/cipher';
import type { SecretBinding } from '../../domain/secrets/binding';
import { at, jsonb, bytea } from './columns';

/** Secrets. The encryption binds each value to the name of its secret. */
export const secrets = pgTable('secrets', {
  name: text('name').primaryKey(),
  version: integer('version').notNull(),
  sealed: jsonb('sealed').$type<Sealed>().notNull(),
  /** The secret's binding; null = it may be used anywhere. */
  allow: jsonb('allow').$type<SecretBinding>(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** Connections to other products. `secrets` contains the sealed fields of `config`. */
export const connections = pgTable('connections', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  type: text('type').notNull(),
  config: jsonb('config').$type<Record<string, unknown>>().notNull(),
  secrets: jsonb('secrets').$type<Record<string, Sealed>>().notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** Packages that scripts may use, and their archives. */
export const scriptPackages = pgTable('script_packages', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  version: text('version').notNull(),
  sha256: text('sha256').notNull(),
  tarball: bytea('tarball').notNull(),
  createdAt: at('created_at').notNull(),
});

/** Attempts by `notification.send` to deliver a notification. */
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

/** Progress of calls, by idempotency key. */
export const callProgress = pgTable('call_progress', {
  idempotencyKey: text('idempotency_key').primaryKey(),
  value: jsonb('value').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** Values that an integration stores for a connection. */
export const connectionMemory = pgTable(
  'connection_memory',
  {
    connectionId: uuid('connection_id').notNull(),
    key: text('key').notNull(),
    value: jsonb('value').notNull(),
    updatedAt: at('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.connectionId, table.key] })],
);

/** Watches for the events of Kubernetes clusters. */
export const kubernetesWatches = pgTable(
  'kubernetes_watches',
  {
    connectionId: uuid('connection_id')
      .notNull()
      .references(() => connections.id, { onDelete: 'cascade' }),
    /** Empty = all namespaces. */
    namespace: text('namespace').notNull(),
    /** Resource version up to which events have been delivered; null = the watch has not started. */
    resourceVersion: text('resource_version'),
    /** Hash of the address of the API server to which the resource version belongs. */
    cluster: text('cluster'),
    /** The worker that holds the lease on the watch. */
    owner: uuid('owner'),
    expiresAt: at('expires_at')
      .notNull()
      .default(sql`'-infinity'`),
  },
  (table) => [primaryKey({ columns: [table.connectionId, table.namespace] })],
);
