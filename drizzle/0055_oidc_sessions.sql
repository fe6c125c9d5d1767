-- Sessions of users whom an OpenID Connect provider has authenticated. All columns are null for other sessions.
alter table sessions
  -- Issuer and subject of the user.
  add column oidc_user text,
  -- Fingerprint of the provider's settings. A session ends when they change.
  add column oidc_settings text,
  -- The sealed refresh token, if the provider issued one.
  add column oidc_refresh_token jsonb,
  -- When the provider last confirmed the user and the roles.
  add column oidc_confirmed_at timestamptz,
  -- When the provider is to be queried again.
  add column oidc_check_at timestamptz;

-- Sign-ins whose response was received. Each may be exchanged for a session once.
create table finished_sign_ins (
  state_hash bytea primary key,
  expires_at timestamptz not null
);
