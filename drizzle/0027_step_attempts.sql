-- The attempt of a step that may send: which activity it belongs to, its number, and a token of its invocation.
alter table run_steps add column attempt jsonb;
