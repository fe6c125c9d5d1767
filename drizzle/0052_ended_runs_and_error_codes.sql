-- fermata: no transaction
-- Ended runs of an automation in a period, with outcome and duration, without reading their rows.
create index concurrently if not exists runs_ended_of_automation on runs (automation_id, finished_at)
  include (status, started_at) where status in ('success', 'failed', 'cancelled');
-- Runs by the code of their error, newest first.
create index concurrently if not exists runs_error_code on runs ((error ->> 'code'), id desc) where error is not null;
