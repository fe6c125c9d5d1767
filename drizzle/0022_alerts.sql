-- Alerts. Their state is the entity's (kind 'alert'); here is what is not reactive, and what lists are filtered by.
create table alerts (
  fingerprint text primary key,
  source text not null,
  status text not null check (status in ('firing', 'resolved')),
  severity text,
  labels jsonb not null,
  system_id text,
  starts_at timestamptz not null,
  -- groupLabels, commonLabels, externalUrl, groupKey, truncatedAlerts of the last message that carried them.
  group_facts jsonb not null default '{}',
  last_received_at timestamptz not null,
  -- Messages of the current episode that changed nothing.
  repeats bigint not null default 0
);
create index alerts_newest on alerts (starts_at desc, fingerprint);
create index alerts_firing_of_system on alerts (system_id, starts_at desc) where status = 'firing';
create index alerts_firing_received on alerts (last_received_at) where status = 'firing';

create table alert_episodes (
  fingerprint text not null references alerts (fingerprint) on delete cascade,
  starts_at timestamptz not null,
  ends_at timestamptz,
  ended_by text check (ended_by in ('sender', 'stale', 'person')),
  acknowledged_by text,
  primary key (fingerprint, starts_at)
);

create table alert_silences (
  id uuid primary key,
  -- Of one alert; else matchers decide.
  fingerprint text,
  matchers text[] not null default '{}',
  ends_at timestamptz not null,
  comment text not null,
  created_by text not null,
  created_at timestamptz not null,
  -- Silence that was also created in an Alertmanager: connection and id there.
  remote jsonb
);
create index alert_silences_ends on alert_silences (ends_at);

-- Runs that alerts have caused.

-- What senders posted and nothing was done with.
create table refused_deliveries (
  id uuid primary key,
  route text not null,
  sender text not null,
  code text not null,
  message text not null,
  -- Place in the batch; null = the whole request.
  index integer,
  at timestamptz not null
);
create index refused_deliveries_sender on refused_deliveries (route, sender, id desc);

-- Alerts that fire while the schema is upgraded: so that their resolution finds them.
insert into entities (kind, id, state, created_at, updated_at)
select distinct on (configuration_id) 'alert', configuration_id,
  jsonb_strip_nulls(jsonb_build_object('startsAt', to_char(coalesce(last_result_at, now()) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'systemId', system_id, 'runbookUrl', data -> 'annotations' -> 'runbook_url', 'generatorUrl', data -> 'generatorURL'))
  || jsonb_build_object('status', 'firing', 'source', 'alertmanager', 'name', data -> 'labels' -> 'alertname', 'severity', data -> 'labels' -> 'severity',
    'labels', coalesce(data -> 'labels', '{}'), 'annotations', coalesce(data -> 'annotations', '{}')),
  coalesce(last_result_at, now()), now()
from health_checks where source = 'alert' order by configuration_id, last_result_at desc
on conflict (kind, id) do nothing;
insert into alerts (fingerprint, source, status, severity, labels, system_id, starts_at, last_received_at)
select id, 'alertmanager', 'firing', state ->> 'severity', state -> 'labels', state ->> 'systemId',
  (state ->> 'startsAt')::timestamptz, (state ->> 'startsAt')::timestamptz
from entities where kind = 'alert' and state is not null;
insert into alert_episodes (fingerprint, starts_at) select fingerprint, starts_at from alerts;
