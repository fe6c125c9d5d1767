-- Inbound hooks: who may post to /hooks/{name}. Secrets are sealed (trust.md, Secrets).
create table hooks (
  id uuid primary key,
  name text not null constraint hooks_name_unique unique,
  scheme text not null constraint hooks_scheme check (scheme in ('none', 'header', 'github', 'timestamped')),
  header text,
  secrets jsonb not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
