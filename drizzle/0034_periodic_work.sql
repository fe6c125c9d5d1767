-- Which worker looks after what falls due, by kind of work; `expires_at` is by the database's clock.
create table sweep_leases (
  name text primary key,
  owner uuid not null,
  expires_at timestamptz not null
);

-- Open runs that make no progress, with the reason, as the last look found them.
create table stuck_runs (
  run_id uuid primary key,
  code text not null,
  reason text not null,
  since timestamptz not null default now()
);

-- When periodic work was last done, and how far it came.
create table periodic_work (
  name text primary key,
  done_at timestamptz not null,
  position jsonb
);
