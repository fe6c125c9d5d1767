-- What a call has done so far, under its idempotency key: a repeat goes on where the attempt before it stopped.
create table call_progress (
  idempotency_key text primary key,
  value jsonb not null,
  updated_at timestamptz not null
);
create index call_progress_updated on call_progress (updated_at);

-- What an integration remembers of a far end: the message that a later one replaces, the status a transition leads to.
create table connection_memory (
  connection_id uuid not null references connections on delete cascade,
  key text not null,
  value jsonb not null,
  updated_at timestamptz not null,
  primary key (connection_id, key)
);
create index connection_memory_updated on connection_memory (updated_at);
