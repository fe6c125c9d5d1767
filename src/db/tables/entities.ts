import { bigint, boolean, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { at, jsonb } from './columns';

/** Custom kinds and their JSON Schemas. */
export const entityKinds = pgTable('entity_kinds', {
  kind: text('kind').primaryKey(),
  schema: jsonb('schema').$type<Record<string, unknown>>().notNull(),
  description: text('description'),
  reactive: boolean('reactive').notNull().default(true),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});

/** States of entities; `state` null = the entity was never created, or has been removed. */
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

/** State changes, with one row for each changed top-level field. */
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
