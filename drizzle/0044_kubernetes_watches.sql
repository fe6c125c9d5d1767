-- Watches of the events of Kubernetes clusters: one for each connection, or for each namespace that it allows.
create table kubernetes_watches (
  connection_id uuid not null references connections (id) on delete cascade,
  -- '' = all namespaces.
  namespace text not null,
  -- Up to where events were delivered; null = the watch has not begun.
  resource_version text,
  -- Hash of the address of the API server that the resource version is of.
  cluster text,
  -- The worker that watches.
  owner uuid,
  expires_at timestamptz not null default '-infinity',
  primary key (connection_id, namespace)
);
