-- fermata: no transaction
-- The index that the partition of the rows so far brings into the partitioned audit_log, built without its lock.
create index concurrently if not exists audit_log_before_id on audit_log (id);
