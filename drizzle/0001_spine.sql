-- The spine: definitions, the change log with its leases, runs and what they leave, entities, health, catalogue, incidents, access.
-- Conventions: timestamptz everywhere, UUID v7 keys made by the service, jsonb only for documents.

-- One sequence orders everything that a person or a stream can follow: changes, run states, step states.
create sequence change_seq;

-- Definitions ------------------------------------------------------------------------------------------------------

-- A single row whose lock is held until commit, so that revisions appear in commit order and a reader that has seen
-- revision n has missed nothing below it.
create table definition_revision (
  "only" boolean primary key default true check ("only"),
  revision bigint not null
);
insert into definition_revision (revision) values (0);

create table automations (
  id uuid primary key,
  name text not null,
  description text,
  "group" text,
  status text not null default 'enabled' check (status in ('enabled', 'disabled')),
  managed_by text not null default 'api' check (managed_by in ('api', 'gitops')),
  source text,
  version integer not null,
  revision bigint not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
create index automations_revision on automations (revision);
create index automations_group on automations ("group") where deleted_at is null;

create table automation_versions (
  automation_id uuid not null references automations (id) on delete cascade,
  version integer not null,
  schema_version integer not null default 1,
  definition jsonb not null,
  -- The text as the person wrote it, comments included, when it came as YAML.
  source_yaml text,
  created_at timestamptz not null,
  created_by jsonb not null,
  primary key (automation_id, version)
);

-- The change log ---------------------------------------------------------------------------------------------------

-- Rows are found by the partial index, never by "seq > cursor": a row that commits late would be lost that way.
create table changes (
  seq bigint not null default nextval('change_seq'),
  change_id uuid not null,
  partition smallint not null check (partition between 0 and 63),
  kind text not null,
  entity_id text not null,
  event text,
  payload jsonb,
  context_key text,
  prev jsonb,
  next jsonb,
  delta jsonb,
  changed_fields text[],
  actor jsonb not null,
  caused_by uuid,
  depth integer not null default 0,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  routed_at timestamptz,
  attempts smallint not null default 0,
  next_attempt_at timestamptz,
  failed_at timestamptz,
  error jsonb,
  primary key (recorded_at, seq)
) partition by range (recorded_at);
create table changes_default partition of changes default;
create index changes_unrouted on changes (seq) where routed_at is null;
create index changes_seq on changes (seq);
create index changes_change_id on changes (change_id);
create index changes_failed on changes (failed_at) where failed_at is not null;

-- What came from outside in the last seven days: key = sender's own identity of the message.
create table dedup_keys (
  key text primary key,
  change_ids uuid[] not null,
  created_at timestamptz not null default now()
);
create index dedup_keys_created_at on dedup_keys (created_at);

create table workers (
  id uuid primary key,
  host text not null,
  pid integer not null,
  started_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create table partition_leases (
  partition smallint primary key check (partition between 0 and 63),
  owner uuid,
  epoch bigint not null default 0,
  expires_at timestamptz not null default '-infinity'
);
insert into partition_leases (partition) select generate_series(0, 63);

-- Runs -------------------------------------------------------------------------------------------------------------

create table runs (
  id uuid primary key,
  automation_id uuid not null references automations (id) on delete cascade,
  version integer not null,
  scope_key text not null,
  mode text not null check (mode in ('single', 'restart', 'queued', 'parallel')),
  status text not null check (status in ('pending', 'running', 'waiting', 'success', 'failed', 'cancelled')),
  trigger_id text,
  trigger_event text,
  change_id uuid,
  context_key text,
  -- The scope the run was started with: {trigger, variables}; read by activities, never carried through history.
  trigger_scope jsonb not null,
  variables jsonb not null default '{}',
  parent_run_id uuid,
  -- First run of a chain of retries: the root of idempotency keys.
  root_run_id uuid not null,
  caused_by uuid,
  depth integer not null default 0,
  workflow_id text not null,
  -- Temporal's run id of the execution that claimed this row.
  execution_run_id text,
  -- null while queued behind another run; otherwise the instant from which a worker may start it.
  start_at timestamptz,
  start_attempted_at timestamptz,
  -- What Temporal still has to be told about an execution whose row has ended.
  close_requested text check (close_requested in ('cancel', 'terminate')),
  ended_by jsonb,
  error jsonb,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  seq bigint not null default nextval('change_seq'),
  foreign key (automation_id, version) references automation_versions (automation_id, version) on delete cascade
);
create unique index runs_once_per_change on runs (automation_id, trigger_id, change_id) where change_id is not null;
create index runs_active_bucket on runs (automation_id, scope_key) where status in ('pending', 'running', 'waiting');
create index runs_to_start on runs (start_at) where status = 'pending' and start_at is not null;
create index runs_to_close on runs (id) where close_requested is not null;
create index runs_by_automation on runs (automation_id, id desc);
create index runs_by_status on runs (status, id desc);
create index runs_context_key on runs (context_key, id desc);
create index runs_seq on runs (seq);

create table run_steps (
  run_id uuid not null references runs (id) on delete cascade,
  path text not null,
  action_id text,
  kind text not null,
  action text,
  status text not null check (status in ('pending', 'running', 'waiting', 'success', 'failed', 'skipped', 'cancelled')),
  attempts integer not null default 0,
  result jsonb,
  error jsonb,
  trace jsonb,
  started_at timestamptz,
  finished_at timestamptz,
  seq bigint not null default nextval('change_seq'),
  primary key (run_id, path)
);
create index run_steps_seq on run_steps (seq);

create table artifacts (
  id uuid primary key,
  run_id uuid not null references runs (id) on delete cascade,
  automation_id uuid not null,
  context_key text,
  path text not null,
  action_id text,
  name text not null,
  type text not null,
  data jsonb not null,
  created_at timestamptz not null,
  closed_at timestamptz,
  unique (run_id, path, name)
);
create index artifacts_open on artifacts (automation_id, type, context_key, id desc) where closed_at is null;

create table evaluations (
  id bigint generated always as identity primary key,
  automation_id uuid not null references automations (id) on delete cascade,
  trigger_id text,
  change_id uuid,
  outcome text not null,
  detail text,
  count integer not null default 1,
  first_at timestamptz not null,
  last_at timestamptz not null
);
create index evaluations_by_automation on evaluations (automation_id, id desc);

-- Entities ---------------------------------------------------------------------------------------------------------

create table entity_kinds (
  kind text primary key,
  schema jsonb not null,
  description text,
  reactive boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- state null = removed; the row stays as the lock that orders what comes next for the same id.
create table entities (
  kind text not null,
  id text not null,
  state jsonb,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (kind, id)
);

create table entity_transitions (
  id bigint generated always as identity primary key,
  kind text not null,
  entity_id text not null,
  field text not null,
  from_value jsonb,
  to_value jsonb,
  at timestamptz not null,
  change_id uuid not null
);
create index entity_transitions_field on entity_transitions (kind, entity_id, field, at desc);

-- Domains ----------------------------------------------------------------------------------------------------------

create table systems (
  id text primary key,
  name text not null,
  description text,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index systems_name on systems (name);

create table health_checks (
  system_id text not null references systems (id) on delete cascade,
  configuration_id text not null,
  -- 'alert' checks come from Alertmanager: worst wins, resolved ones are removed.
  source text not null default 'check' check (source in ('check', 'alert')),
  enabled boolean not null default true,
  status text check (status in ('healthy', 'degraded', 'unhealthy')),
  last_result_at timestamptz,
  data jsonb not null default '{}',
  primary key (system_id, configuration_id)
);

create table health_results (
  id uuid primary key,
  system_id text not null,
  configuration_id text not null,
  status text not null check (status in ('healthy', 'degraded', 'unhealthy')),
  latency_ms double precision,
  collectors jsonb,
  message text,
  at timestamptz not null,
  received_at timestamptz not null
);
create index health_results_system on health_results (system_id, at desc);
create index health_results_received_at on health_results (received_at);

create table incidents (
  id uuid primary key,
  title text not null,
  description text,
  severity text not null check (severity in ('minor', 'major', 'critical')),
  status text not null check (status in ('investigating', 'identified', 'fixing', 'monitoring', 'resolved')),
  system_ids text[] not null,
  suppress_notifications boolean not null default false,
  created_by jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  resolved_at timestamptz
);
create index incidents_open on incidents using gin (system_ids) where status <> 'resolved';

create table incident_updates (
  id uuid primary key,
  incident_id uuid not null references incidents (id) on delete cascade,
  message text not null,
  status_change text,
  actor jsonb not null,
  at timestamptz not null
);
create index incident_updates_incident on incident_updates (incident_id, id);

-- Access -----------------------------------------------------------------------------------------------------------

create table api_tokens (
  id uuid primary key,
  name text not null,
  prefix text not null,
  hash bytea not null unique,
  roles text[] not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  revoked_at timestamptz
);
create index api_tokens_prefix on api_tokens (prefix);

create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor jsonb not null,
  action text not null,
  target text,
  outcome text not null,
  remote_address text,
  detail jsonb
);

create table idempotency_keys (
  principal text not null,
  route text not null,
  key text not null,
  body_hash text not null,
  status integer not null,
  response jsonb,
  created_at timestamptz not null default now(),
  primary key (principal, route, key)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);
