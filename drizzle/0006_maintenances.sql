-- Maintenances: planned windows of systems, started and ended by the clock.
create table maintenances (
  id uuid primary key,
  title text not null,
  description text,
  system_ids text[] not null,
  status text not null check (status in ('scheduled', 'in_progress', 'completed', 'cancelled')),
  start_at timestamptz not null,
  end_at timestamptz not null check (end_at > start_at),
  suppress_notifications boolean not null default false,
  created_by jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index maintenances_open on maintenances using gin (system_ids) where status in ('scheduled', 'in_progress');
-- What the timer asks for: each open one has one instant that comes next.
create index maintenances_next on maintenances ((case status when 'scheduled' then start_at else end_at end))
  where status in ('scheduled', 'in_progress');

create table maintenance_updates (
  id uuid primary key,
  maintenance_id uuid not null references maintenances (id) on delete cascade,
  message text not null,
  actor jsonb not null,
  at timestamptz not null
);
create index maintenance_updates_maintenance on maintenance_updates (maintenance_id, id);
