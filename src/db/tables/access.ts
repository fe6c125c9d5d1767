import { sql } from 'drizzle-orm';
import { bigint, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import type { Actor } from '../../domain/entities/change';
import type { Sealed } from '../../domain/secrets/cipher';
import { at, jsonb, bytea } from './columns';
import type { HookOptions } from '../../domain/hooks/scheme';
import type { HookScheme } from '../../domain/hooks/scheme-names';

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

/** Console sessions, and one-time links that are exchanged for a session. */
export const sessions = pgTable('sessions', {
  id: uuid('id').primaryKey(),
  kind: text('kind').$type<'session' | 'link'>().notNull(),
  name: text('name').notNull(),
  prefix: text('prefix').notNull(),
  hash: bytea('hash').notNull(),
  roles: text('roles').array().notNull(),
  /** The token from which the session was created; null = the bootstrap token. */
  tokenId: uuid('token_id'),
  /** Hash of the bootstrap token when the session was created. */
  adminHash: bytea('admin_hash'),
  createdAt: at('created_at').notNull(),
  expiresAt: at('expires_at').notNull(),
  revokedAt: at('revoked_at'),
  /** Issuer and subject of a user of an OpenID Connect provider; null = the session was created from a token. */
  oidcUser: text('oidc_user'),
  /** Fingerprint of the provider's settings when the session was created. */
  oidcSettings: text('oidc_settings'),
  oidcRefreshToken: jsonb('oidc_refresh_token').$type<Sealed>(),
  /** When the provider last confirmed the user and the roles. */
  oidcConfirmedAt: at('oidc_confirmed_at'),
  /** When the provider is to be queried again; null = the session has no refresh token. */
  oidcCheckAt: at('oidc_check_at'),
});

/** Sign-ins at an OpenID Connect provider whose response was received, until they expire. */
export const finishedSignIns = pgTable('finished_sign_ins', {
  stateHash: bytea('state_hash').primaryKey(),
  expiresAt: at('expires_at').notNull(),
});

/** Append-only record of mutations, including refused mutations. Partitioned by month of `at`. */
export const auditLog = pgTable('audit_log', {
  id: bigint('id', { mode: 'number' })
    .notNull()
    .default(sql`nextval('audit_log_ids')`),
  at: at('at').notNull(),
  actor: jsonb('actor').$type<Actor>().notNull(),
  action: text('action').notNull(),
  target: text('target'),
  outcome: text('outcome').notNull(),
  remoteAddress: text('remote_address'),
  detail: jsonb('detail').$type<unknown>(),
});

/** Stored answers to requests with an Idempotency-Key, for repeated requests with the same key. */
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

/** Inbound hooks (`/hooks/{name}`) and how their senders are verified. Secrets are sealed. */
export const hooks = pgTable('hooks', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  scheme: text('scheme').$type<HookScheme>().notNull(),
  /** Header that contains the secret or signature; null = the header that the scheme prescribes. */
  header: text('header'),
  options: jsonb('options').$type<HookOptions>().notNull().default({}),
  secrets: jsonb('secrets').$type<Sealed[]>().notNull(),
  createdAt: at('created_at').notNull(),
  updatedAt: at('updated_at').notNull(),
});
