-- What came of each routed change: one row per candidate ('candidate'), one per wait that the change woke or left asleep
-- ('wait'), and one for a change that a run caused ('caused'). Written in the routing transaction, partitioned by day of
-- `at`, dropped by partition after FERMATA_RETENTION_ROUTINGS_HOURS.
create table routings (
  at timestamptz not null default clock_timestamp(),
  change_id uuid not null,
  kind text not null check (kind in ('candidate', 'wait', 'caused')),
  -- No foreign keys: rows may outlive the automation and the run that they name.
  automation_id uuid,
  automation_name text,
  trigger_id text,
  version integer,
  outcome text not null,
  detail text,
  -- The smallest part of a config, filter or condition that was false: {path, expression, found, wanted}.
  deciding jsonb,
  -- The run that was started, that waits, or that caused the change.
  run_id uuid,
  dwell jsonb,
  -- Of a window: {count, needed}.
  counted jsonb,
  -- Step of a wait.
  path text
) partition by range (at);
create table routings_default partition of routings default;
create index routings_change on routings (change_id);
create index routings_caused on routings (run_id) where kind = 'caused';
