-- What the window gate has counted: one row a change, so that a redelivered one cannot count twice.
create table window_events (
  automation_id uuid not null references automations (id) on delete cascade,
  trigger_id text not null,
  change_id uuid not null,
  -- Hash of event, filter and window: what an edited trigger has counted does not count for the new one.
  gate text not null,
  partition_key text not null,
  occurred_at timestamptz not null,
  primary key (automation_id, trigger_id, change_id)
);
create index window_events_by_key on window_events (automation_id, trigger_id, gate, partition_key, occurred_at desc);
