-- What runs wait for: the wake index, by entity and by event. Rows go with the step that waits, or with the run.
create table waits (
  id uuid primary key,
  run_id uuid not null references runs (id) on delete cascade,
  path text not null,
  kind text not null check (kind in ('wait_until', 'wait_for_trigger')),
  event text,
  -- Of wait_for_trigger; null = any with `any_key`, else that of events without one.
  context_key text,
  any_key boolean not null default false,
  refs text[] not null,
  -- What the run's expressions see there: variables, repeat, wait, error.
  scope jsonb not null,
  -- Position of the log from which events count.
  after_seq bigint not null,
  since timestamptz not null,
  timeout_at timestamptz,
  recheck_at timestamptz,
  -- Set together with the signal that is under way, cleared by whoever looks.
  woken_by jsonb,
  -- What the look under way is about; and whether the log behind the position was read.
  looked_by jsonb,
  looked boolean not null default false,
  signalled_at timestamptz,
  unique (run_id, path)
);
create index waits_event on waits (event) where event is not null;
create index waits_woken on waits (id) where woken_by is not null;

create table wait_refs (
  kind text not null,
  entity_id text not null,
  wait_id uuid not null references waits (id) on delete cascade,
  primary key (kind, entity_id, wait_id)
);
create index wait_refs_wait on wait_refs (wait_id);

-- Where the log stood when a step began: a callback that arrives while its request is open comes after that.
alter table run_steps add column began_seq bigint not null default nextval('change_seq');
