-- fermata: no transaction
-- Retention finds the oldest rows of each table by these, also among millions.
create index concurrently if not exists runs_finished on runs (finished_at, id)
  where status in ('success', 'failed', 'cancelled');
create index concurrently if not exists entity_transitions_at on entity_transitions (at, id);
create index concurrently if not exists entities_removed on entities (updated_at) where state is null;
