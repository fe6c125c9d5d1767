-- Groups of systems.
create table system_groups (
  id text primary key,
  name text not null,
  metadata jsonb not null default '{}',
  created_at timestamptz not null,
  updated_at timestamptz not null
);
alter table systems add column group_ids text[] not null default '{}';
create index systems_groups on systems using gin (group_ids);

-- Who depends on whom: the source on the target.
create table dependencies (
  id uuid primary key,
  source_system_id text not null references systems (id) on delete cascade,
  target_system_id text not null references systems (id) on delete cascade,
  impact_type text not null check (impact_type in ('informational', 'degraded', 'critical')),
  transitive boolean not null default false,
  label text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (source_system_id <> target_system_id),
  unique (source_system_id, target_system_id)
);
create index dependencies_target on dependencies (target_system_id);

-- Those who run checks elsewhere.
create table satellites (
  id uuid primary key,
  name text not null,
  region text,
  status text not null check (status in ('online', 'offline')),
  heartbeat_timeout_seconds integer not null,
  last_seen_at timestamptz,
  last_event text not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index satellites_online on satellites (last_seen_at) where status = 'online';

-- Objectives for the health of systems.
create table slos (
  id uuid primary key,
  system_id text not null references systems (id) on delete cascade,
  name text not null,
  target double precision not null,
  window_days integer not null,
  budget_remaining_percent double precision not null,
  current_streak integer not null,
  best_streak integer not null,
  achievements text[] not null default '{}',
  computed_at timestamptz not null,
  compute_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index slos_system on slos (system_id);
create index slos_due on slos (compute_at);

-- Weeks whose digest was sent.
create table slo_digests (week date primary key, sent_at timestamptz not null);
