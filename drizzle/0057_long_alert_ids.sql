-- fermata: no transaction
-- An alert's id that is longer than a pager allows is sent as its hash. A webhook that contains a hash reads only the
-- alerts with such ids.
create index concurrently if not exists alerts_long_ids on alerts (octet_length(fingerprint))
  where octet_length(fingerprint) > 255;
