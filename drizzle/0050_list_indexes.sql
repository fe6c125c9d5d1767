-- fermata: no transaction
-- Entities of a kind, and alerts of a system or of a severity, newest first.
create index concurrently if not exists entities_newest on entities (kind, created_at, id) where state is not null;
create index concurrently if not exists alerts_of_system on alerts (system_id, starts_at desc, fingerprint);
create index concurrently if not exists alerts_of_severity on alerts (lower(severity), starts_at desc, fingerprint);
