-- What the run would have been about. null = nothing, not known, or recorded before this migration.
alter table evaluations add column context_key text;
