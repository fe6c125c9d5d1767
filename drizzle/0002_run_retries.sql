-- Retries are found by the run that they repeat.
create index runs_parent on runs (parent_run_id) where parent_run_id is not null;
