-- Stored definitions that a release could not bring into its form: their automations are disabled, not lost.
create table migration_failures (
  id uuid primary key,
  automation_id uuid not null references automations (id) on delete cascade,
  version integer not null,
  message text not null,
  errors jsonb not null,
  failed_at timestamptz not null,
  acknowledged_at timestamptz,
  unique (automation_id, version)
);
