-- Workflow ids name automations by their slug, which never changes. Rows of older releases get theirs here; releases that
-- do not know the column insert the default.
alter table automations add column slug text;
with made as (
  select id, trim(both '-' from left(trim(both '-' from regexp_replace(lower(name), '[^a-z0-9]+', '-', 'g')), 60)) as slug
  from automations),
ranked as (
  select id, slug, row_number() over (partition by slug order by id) as place from made)
update automations a set slug = case
    when r.slug = '' and r.place = 1 then 'automation-' || left(a.id::text, 8)
    when r.slug = '' then 'automation-' || left(a.id::text, 8) || '-' || right(a.id::text, 12)
    when r.place = 1 and r.slug not like 'fermata-housekeeping%' then r.slug
    else r.slug || '-' || right(a.id::text, 12) end
  from ranked r where r.id = a.id;
alter table automations alter column slug set default 'automation-' || left(replace(gen_random_uuid()::text, '-', ''), 12);
create unique index automations_slug_key on automations (slug);

-- Ids in Temporal; null = the id of older releases, which is made of the row's own id.
alter table dwells add column workflow_id text;
alter table dwell_ends add column workflow_id text;
alter table schedules add column schedule_id text;
alter table schedule_ends add column schedule_id text;
