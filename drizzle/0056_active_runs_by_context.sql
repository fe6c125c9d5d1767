-- fermata: no transaction
-- The active runs of a bucket are found by context key, whatever scope their version has. Without an index on it, each
-- admission and each end of a run read all active runs of the automation, also those that wait to be started.
create index concurrently if not exists runs_active_context on runs (automation_id, (coalesce(context_key, '')))
  where status in ('pending', 'running', 'waiting');
create index concurrently if not exists runs_queued on runs (automation_id, scope_key, seq)
  where status = 'pending' and start_at is null;
drop index concurrently if exists runs_active_bucket;
