-- `for:` gates: the row is the lock, one for each automation, trigger and context key; a Temporal workflow is its timer.
create table dwells (
  -- New with each arming: it names the workflow.
  id uuid primary key,
  automation_id uuid not null references automations (id) on delete cascade,
  trigger_id text not null,
  context_key text,
  -- Hash of everything of the trigger: what an edited one had armed is not the new one's.
  gate text not null,
  -- armed: its deadline comes; spent: fired, the cause holds still; idle: the cause has stopped.
  status text not null check (status in ('armed', 'spent', 'idle')),
  kind text not null,
  entity_id text not null,
  event text not null,
  config jsonb not null,
  change_id uuid not null,
  trigger_scope jsonb not null,
  caused_by uuid,
  depth integer not null,
  armed_at timestamptz not null,
  fires_at timestamptz not null,
  -- Deadline of the last firing: what is older arms nothing.
  last_fired_at timestamptz,
  start_attempted_at timestamptz,
  started_at timestamptz,
  updated_at timestamptz not null default clock_timestamp(),
  unique nulls not distinct (automation_id, trigger_id, context_key)
);
create index dwells_entity on dwells (kind, entity_id) where status <> 'idle';
create index dwells_due on dwells (fires_at, id) where status = 'armed';
create index dwells_unstarted on dwells (id) where status = 'armed' and started_at is null;
create index dwells_idle on dwells (updated_at) where status = 'idle';

-- Dwells that ended before their deadline and whose workflow has not been told.
create table dwell_ends (
  id uuid primary key
);
