-- Secrets, sealed for their names.
create table secrets (
  name text primary key,
  version integer not null,
  sealed jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- What a run has used, sealed for the run: it is masked in everything the run leaves from then on, also by another worker,
-- after a rotation, and after the secret was deleted. Gone with the end of the run.
create table run_secrets (
  run_id uuid not null references runs (id) on delete cascade,
  source text not null,
  sealed jsonb not null,
  primary key (run_id, source)
);
