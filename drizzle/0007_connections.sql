-- Connections to other products. What is secret in a config lies in `secrets`, sealed (trust.md, Secrets).
create table connections (
  id uuid primary key,
  name text not null,
  type text not null,
  config jsonb not null,
  secrets jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
