-- fermata: no transaction
-- Lists of runs are in the order of created_at. The order of ids is that of what caused the runs, which may have waited
-- long to be routed. The indexes are ascending, because Postgres splits the last page of an index better than the first.
create index concurrently if not exists runs_newest on runs (created_at, id);
drop index concurrently if exists runs_created_at;
create index concurrently if not exists runs_newest_of_automation on runs (automation_id, created_at, id);
drop index concurrently if exists runs_by_automation;
create index concurrently if not exists runs_newest_of_status on runs (status, created_at, id);
drop index concurrently if exists runs_by_status;
create index concurrently if not exists runs_newest_of_context on runs (context_key, created_at, id);
drop index concurrently if exists runs_context_key;
create index concurrently if not exists runs_newest_of_alert
  on runs ((trigger_scope -> 'payload' ->> 'fingerprint'), created_at, id)
  where trigger_event like 'alert.%';
drop index concurrently if exists runs_of_alert;
create index concurrently if not exists runs_newest_of_error_code on runs ((error ->> 'code'), created_at, id)
  where error is not null;
drop index concurrently if exists runs_error_code;
