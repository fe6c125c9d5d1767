-- fermata: no transaction
-- The newest artifact of each action, type and name of a run (src/db/runs/artifacts.ts).
create index concurrently if not exists artifacts_newest
  on artifacts (run_id, coalesce(action_id, ''), type, name, id desc);
