-- Where a secret may be used (hosts, groups, automations, actions); null = anywhere.
alter table secrets add column allow jsonb;
