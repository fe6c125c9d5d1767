-- Release that a worker process runs; null = one that does not announce it.
alter table workers add column version text;
