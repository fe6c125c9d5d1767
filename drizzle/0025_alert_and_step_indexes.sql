-- fermata: no transaction
-- Runs that an alert caused, newest first.
create index concurrently if not exists runs_of_alert
  on runs ((trigger_scope -> 'payload' ->> 'fingerprint'), id desc)
  where trigger_event like 'alert.%';

-- Pages of steps in order of execution.
create index concurrently if not exists run_steps_order on run_steps (run_id, began_seq, path);
