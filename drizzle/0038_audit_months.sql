-- The audit log by months. The rows so far stay where they are: their table becomes the first partition. The service can
-- neither change nor delete rows; only the owner of the database can drop months (docs/operations.md).
alter table audit_log alter column id drop identity;
alter table audit_log rename to audit_log_before;
drop trigger audit_log_append_only on audit_log_before;

create sequence audit_log_ids;
select setval('audit_log_ids', coalesce((select max(id) from audit_log_before), 0) + 1, false);

create table audit_log (
  id bigint not null default nextval('audit_log_ids'),
  at timestamptz not null,
  actor jsonb not null,
  action text not null,
  target text,
  outcome text not null,
  remote_address text,
  detail jsonb
) partition by range (at);
create index audit_log_id on audit_log (id);
alter sequence audit_log_ids owned by audit_log.id;

do $$
begin
  execute format(
    'alter table audit_log attach partition audit_log_before for values from (minvalue) to (%L)',
    (select obj_description(oid, 'pg_constraint') from pg_constraint
      where conname = 'audit_log_bound' and conrelid = 'audit_log_before'::regclass));
end
$$;
alter table audit_log_before drop constraint audit_log_bound;

-- A statement on the log fires the trigger of the log alone, one on a month that of the month.
create trigger audit_log_append_only
  before update or delete or truncate on audit_log
  for each statement execute function refuse_audit_change();
create trigger audit_log_append_only
  before update or delete or truncate on audit_log_before
  for each statement execute function refuse_audit_change();

create table audit_log_default partition of audit_log default;
create trigger audit_log_append_only
  before update or delete or truncate on audit_log_default
  for each statement execute function refuse_audit_change();

-- Creates the partitions of this month and of the next ones; returns how many. Runs as its owner, so that the service needs
-- no right to create tables. A month that another partition covers is left out.
create function audit_log_ensure_months(ahead integer default 2) returns integer
language plpgsql security definer set search_path from current set lock_timeout = '500ms' as $$
declare
  month timestamp;
  name text;
  made integer := 0;
begin
  for month in
    select generate_series(date_trunc('month', now() at time zone 'UTC'),
      date_trunc('month', now() at time zone 'UTC') + make_interval(months => least(greatest(ahead, 0), 12)), interval '1 month')
  loop
    name := 'audit_log_' || to_char(month, 'YYYYMM');
    continue when to_regclass(name) is not null;
    begin
      execute format('create table %I (like audit_log including defaults including indexes)', name);
      execute format('create trigger audit_log_append_only before update or delete or truncate on %I
        for each statement execute function refuse_audit_change()', name);
      execute format('alter table audit_log attach partition %I for values from (%L) to (%L)', name,
        to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00', to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
      made := made + 1;
    exception
      -- Covered by the first partition, made by another process, or rows of the month lie in the
      -- default partition; or a reader holds the log: the next call tries again.
      when invalid_object_definition or duplicate_table or unique_violation or check_violation or lock_not_available then null;
    end;
  end loop;
  return made;
end
$$;

-- Drops the months that ended at or before a time; returns their names. For the owner of the database alone: the service
-- must not be able to remove what it did.
create function audit_log_drop_before(keep_from timestamptz) returns text[]
language plpgsql set search_path from current as $$
declare
  month record;
  dropped text[] := '{}';
begin
  if not pg_has_role(current_user, (select datdba from pg_database where datname = current_database()), 'USAGE') then
    raise insufficient_privilege using message = 'only the owner of the database may drop months of the audit log';
  end if;
  if keep_from > now() - interval '28 days' then
    raise exception 'the last 28 days of the audit log are always kept';
  end if;
  for month in
    select c.oid::regclass::text as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'audit_log'::regclass
       and substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)''\)')::timestamptz <= keep_from
     order by 1
  loop
    execute format('drop table %s', month.name);
    dropped := dropped || month.name;
  end loop;
  if array_length(dropped, 1) > 0 then
    insert into audit_log (at, actor, action, outcome, detail)
    values (now(), jsonb_build_object('type', 'user', 'id', current_user), 'audit.drop', 'success',
      jsonb_build_object('months', to_jsonb(dropped), 'keepFrom', keep_from));
  end if;
  return dropped;
end
$$;
revoke all on function audit_log_drop_before(timestamptz) from public;

select audit_log_ensure_months();
