-- fermata: no transaction
-- Runs that wait to be started, by automation and in the order of admission: workers take them in turn over automations.
create index concurrently if not exists runs_startable on runs (automation_id, seq)
  where status = 'pending' and start_at is not null;
