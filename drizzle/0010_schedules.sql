-- What `automation.cron` and `automation.interval` triggers of enabled automations ask of Temporal's Schedules.
create table schedules (
  automation_id uuid not null references automations (id) on delete cascade,
  trigger_id text not null,
  -- Hash of event and config: an edit makes another schedule of it.
  gate text not null,
  event text not null,
  config jsonb not null,
  -- The moment of enabling, from which an interval counts.
  since timestamptz not null default clock_timestamp(),
  synced_at timestamptz,
  attempted_at timestamptz,
  primary key (automation_id, trigger_id)
);
create index schedules_unsynced on schedules (automation_id) where synced_at is null;

-- Schedules that are not wanted any more and whose Temporal Schedule is to be deleted.
create table schedule_ends (
  automation_id uuid not null,
  trigger_id text not null,
  primary key (automation_id, trigger_id)
);
