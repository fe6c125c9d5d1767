import { boolean, doublePrecision, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { at, jsonb } from './columns';

/** Statuses, from best to worst. A system has the worst status of its enabled checks and firing alerts. */
export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy';

/** Checks and firing alerts of systems, each with its last status. */
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
