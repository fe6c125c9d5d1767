-- fermata: no transaction
-- Reasons about one subject, of all automations; and the newest of an automation about it, which a repetition counts up.
create index concurrently if not exists evaluations_about on evaluations (context_key, automation_id, id desc);
