-- Groups have a description, as systems do. Nullable, so that the release before goes on writing.
alter table system_groups add column description text;
