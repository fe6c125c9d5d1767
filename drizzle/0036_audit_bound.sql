-- Rows written until the log is partitioned lie before the month after the next one. A valid check lets the table
-- be attached without a scan; it is validated in a file of its own, without a lock that writers wait for.
do $$
declare
  bound text := to_char(date_trunc('month', now() at time zone 'UTC') + interval '2 months', 'YYYY-MM-DD') || ' 00:00:00+00';
begin
  execute format('alter table audit_log add constraint audit_log_bound check (at < %L::timestamptz) not valid', bound);
  execute format('comment on constraint audit_log_bound on audit_log is %L', bound);
end
$$;
