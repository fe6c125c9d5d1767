-- Which token a GitOps source belongs to: the one that applied it first. Sources from before belong to whoever applies next.
create table gitops_sources (
  source text primary key,
  -- Id of the token; 'admin' = the bootstrap token.
  token_id text not null,
  token_name text not null,
  claimed_at timestamptz not null
);
