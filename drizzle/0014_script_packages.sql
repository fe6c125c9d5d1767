-- Packages that scripts may use, with the archive itself: nothing is fetched when a script runs.
create table script_packages (
  id uuid primary key,
  name text not null,
  version text not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  tarball bytea not null,
  created_at timestamptz not null,
  unique (name, version)
);
