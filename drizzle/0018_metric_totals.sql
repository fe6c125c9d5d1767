-- What all processes together have counted since the beginning; each adds its share every few seconds.
create table metric_totals (
  -- Name of the series in Prometheus' text format, e.g. fermata_action_seconds_bucket.
  name text not null,
  -- As in that format, without braces; empty = none.
  labels text not null,
  value double precision not null,
  primary key (name, labels)
) with (fillfactor = 50);
