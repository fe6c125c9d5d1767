-- The audit log is listed by time, newest first, also of one actor, of one action, and of what was refused or failed. On the
-- partitioned table alone, which takes no time; "fermata migrate" builds the indexes of the months that exist already,
-- concurrently, and attaches them.
create index audit_log_at on only audit_log (at, id);
create index audit_log_actor on only audit_log ((actor ->> 'id'), at, id);
create index audit_log_action on only audit_log (action, at, id);
create index audit_log_outcome on only audit_log (outcome, at, id) where outcome <> 'success';
