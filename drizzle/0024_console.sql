-- Sessions of the console, one-time sign-in links, provenance of automations, automation events of the stream.

-- Cookies of the console, and one-time links that are exchanged for one.
create table sessions (
  id uuid primary key,
  kind text not null check (kind in ('session', 'link')),
  name text not null,
  prefix text not null,
  hash bytea not null unique,
  roles text[] not null,
  -- The token that it was made from; null = the bootstrap token.
  token_id uuid references api_tokens (id) on delete cascade,
  -- Hash of the bootstrap token at that time: a session dies when the token is replaced.
  admin_hash bytea,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index sessions_token on sessions (token_id) where token_id is not null;

alter table automations
  add column source_path text,
  add column source_commit text;

create table automation_events (
  seq bigint primary key default nextval('change_seq'),
  automation_id uuid not null,
  version integer not null,
  change text not null check (change in ('created', 'updated', 'enabled', 'disabled', 'deleted')),
  at timestamptz not null default clock_timestamp()
);
