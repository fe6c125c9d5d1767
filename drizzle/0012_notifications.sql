-- What notification.send has delivered, or not.
create table notifications (
  id uuid primary key,
  run_id uuid,
  connection_id text not null,
  strategy text not null,
  recipients text[] not null,
  title text not null,
  importance text not null,
  status text not null check (status in ('delivered', 'failed')),
  duration_ms integer not null,
  error_message text,
  created_at timestamptz not null
);
create index notifications_created on notifications (created_at);
