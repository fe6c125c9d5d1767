-- What Temporal was last told of a schedule: another zone by default, or another way to write it, is told at start-up.
alter table schedules add column spec text;
