-- What the author wrote about a version when saving it.
alter table automation_versions add column note text;
