-- An automation that is managed from Git is known by its name within its source; its title is free.
alter table automations add column source_name text;
create unique index automations_source_name on automations (source, source_name)
  where source_name is not null and deleted_at is null;
