-- fermata: no transaction
-- Runs of a period. Their ids begin with the time of what caused them, which may have waited long to be routed.
create index concurrently if not exists runs_created_at on runs (created_at);
