-- What each worker's plugins bring: names such as trigger:<id>, action:<id>, kind:<kind>; `reads` says which kinds and events
-- concern a name. `knows_id` is a hash of both.
alter table workers add column knows text[];
alter table workers add column reads jsonb;
alter table workers add column knows_id text;

-- A partition whose next change needs these names: until `needs_until` only workers that know them take it.
alter table partition_leases add column needs text[];
alter table partition_leases add column needs_until timestamptz;
