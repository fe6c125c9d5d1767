-- A system is healthy (0 of 0) from its creation: systems that no result has named yet get their health.
insert into entities (kind, id, state, created_at, updated_at)
select 'health', s.id, '{"status": "healthy", "healthyChecks": 0, "totalChecks": 0}'::jsonb, s.created_at, s.created_at
from systems s
on conflict (kind, id) do update set state = excluded.state, updated_at = excluded.updated_at where entities.state is null;
