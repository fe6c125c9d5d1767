import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, loadConfig, requireDatabaseUrl, requireSecretKey, SETTINGS } from './config';
import { projectRoot } from './project-root';

const KEY = Buffer.alloc(32, 7).toString('base64');

it('has the documented defaults', () => {
  expect(loadConfig({})).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    databaseUrl: undefined,
    temporal: { address: undefined, namespace: 'default', uiUrl: undefined },
    taskQueue: 'fermata',
    timezone: 'UTC',
    egressAllow: [],
    rateLimit: { perSecond: 200, ingestPerSecond: 5000 },
    alerts: { systemLabels: ['system', 'service', 'job', 'instance'], staleMs: undefined },
    retention: {
      runsMs: 30 * 86_400_000,
      runsMinPerAutomation: 100,
      transitionsMs: 90 * 86_400_000,
      changesMs: 7 * 86_400_000,
      routingsMs: 72 * 3_600_000,
      evaluationsPerAutomation: 200,
    },
    logLevel: 'info',
  });
});

it('reports every invalid setting in one error', () => {
  const load = () =>
    loadConfig({
      FERMATA_PORT: '70000',
      DATABASE_URL: 'mysql://x',
      FERMATA_TIMEZONE: 'Mars/Olympus',
      FERMATA_SECRET_KEY: `${KEY},short`,
      FERMATA_EGRESS_ALLOW: '10.0.0.0/8,not a host',
      LOG_LEVEL: 'loud',
    });
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(/FERMATA_PORT .*between 0 and 65535/);
  expect(load).toThrow(/DATABASE_URL must be a postgres:\/\/ URL/);
  expect(load).toThrow(/FERMATA_TIMEZONE must be an IANA time zone/);
  expect(load).toThrow(/FERMATA_SECRET_KEY key 2 must be 32 bytes/);
  expect(load).toThrow(/FERMATA_EGRESS_ALLOW must be a comma-separated list/);
  expect(load).toThrow(/LOG_LEVEL must be one of/);
});

it('never repeats a secret in its errors', () => {
  const load = () => loadConfig({ FERMATA_SECRET_KEY: 'hunter2', FERMATA_ADMIN_TOKEN: 'hunter3' });
  expect(load).toThrow(/FERMATA_SECRET_KEY[^]*FERMATA_ADMIN_TOKEN/);
  expect(load).not.toThrow(/hunter/);
});

it('treats an empty variable as unset', () => {
  expect(loadConfig({ FERMATA_PORT: '', DATABASE_URL: ' ' })).toMatchObject({ port: 8080, databaseUrl: undefined });
});

it('accepts several secret keys for rotation', () => {
  const other = Buffer.alloc(32, 8);
  expect(loadConfig({ FERMATA_SECRET_KEY: `${KEY}, ${other.toString('base64')}` }).secretKeys).toEqual([
    Buffer.alloc(32, 7),
    other,
  ]);
});

it('accepts hosts, addresses and ranges for egress', () => {
  const allowed = 'localhost,*.internal.example,10.0.0.0/8,192.168.1.5,fd00::/8,::1';
  expect(loadConfig({ FERMATA_EGRESS_ALLOW: allowed }).egressAllow).toEqual(allowed.split(','));
});

it('names a required setting that is missing, and describes how to create it', () => {
  const config = loadConfig({});
  expect(() => requireSecretKey(config)).toThrow(/FERMATA_SECRET_KEY is not set.*openssl rand -base64 32/);
  expect(() => requireDatabaseUrl(config)).toThrow(/DATABASE_URL is not set/);
  expect(requireSecretKey(loadConfig({ FERMATA_SECRET_KEY: KEY }))).toHaveLength(1);
});

it('reports missing settings together with invalid ones', () => {
  const load = () => loadConfig({ FERMATA_PORT: 'http' }, ['DATABASE_URL', 'FERMATA_SECRET_KEY']);
  expect(load).toThrow(ConfigError);
  expect(load).toThrow(/FERMATA_PORT must[^]*DATABASE_URL is not set[^]*FERMATA_SECRET_KEY is not set/);
  expect(() => loadConfig({ DATABASE_URL: 'mysql://x' }, ['DATABASE_URL'])).not.toThrow(/not set/);
});

describe('sign-in with OpenID Connect', () => {
  const complete = {
    FERMATA_PUBLIC_URL: 'https://fermata.example.com/',
    FERMATA_OIDC_ISSUER: 'https://login.example.com/',
    FERMATA_OIDC_CLIENT_ID: 'fermata',
    FERMATA_OIDC_CLIENT_SECRET: 'hunter2',
    FERMATA_OIDC_ROLES: 'sre=operator, sre=admin,cn=ops=viewer,*=viewer',
  };

  it('is read with its defaults, and keeps the slash at the end of the issuer', () => {
    expect(loadConfig(complete).oidc).toEqual({
      ...{ issuer: 'https://login.example.com/', clientId: 'fermata', clientSecret: 'hunter2' },
      ...{ scopes: 'openid profile email', groupsClaim: 'groups', name: 'single sign-on', sessionMs: 3_600_000 },
      redirectUri: 'https://fermata.example.com/console/sign-in/callback',
      roles: new Map([
        ['sre', ['operator', 'admin']],
        ['cn=ops', ['viewer']],
        ['*', ['viewer']],
      ]),
    });
    expect(loadConfig({}).oidc).toBeUndefined();
    expect(loadConfig({ FERMATA_PUBLIC_URL: complete.FERMATA_PUBLIC_URL }).oidc).toBeUndefined();
  });

  it.each(['FERMATA_PUBLIC_URL', 'FERMATA_OIDC_ISSUER', 'FERMATA_OIDC_CLIENT_ID', 'FERMATA_OIDC_ROLES'])(
    'needs %s',
    (name) => {
      expect(() => loadConfig({ ...complete, [name]: '' })).toThrow(
        new RegExp(`${name} is not set, and sign-in with OpenID Connect .* needs it`),
      );
    },
  );

  it.each([
    ['FERMATA_OIDC_ISSUER', 'http://login.example.com', 'must use https'],
    ['FERMATA_OIDC_ISSUER', 'http://localhost.example.com', 'must use https'],
    ['FERMATA_OIDC_ISSUER', 'login.example.com', 'must be the https URL'],
    ['FERMATA_OIDC_ISSUER', 'https://login.example.com/?tenant=a', 'must have no user, query or fragment'],
    ['FERMATA_OIDC_ISSUER', 'https://a:b@login.example.com', 'must have no user, query or fragment'],
    ['FERMATA_OIDC_ISSUER', 'https://login.example.com/.well-known/openid-configuration', 'without /.well-known'],
    ['FERMATA_OIDC_CLIENT_ID', 'fer mata', 'must be printable ASCII'],
    ['FERMATA_OIDC_SCOPES', 'profile email', 'must contain openid'],
    ['FERMATA_OIDC_ROLES', 'sre', '"sre" is not a rule'],
    ['FERMATA_OIDC_ROLES', 'sre=operater,*=viewer', '"sre=operater" is not a rule'],
    ['FERMATA_OIDC_ROLES', '=admin', '"=admin" is not a rule'],
    ['FERMATA_OIDC_ROLES', ' , ', 'must contain at least one rule'],
    ['FERMATA_OIDC_SESSION_MINUTES', '1', 'between 5 and 720'],
  ])('refuses %s=%s', (name, value, message) => {
    const load = () => loadConfig({ ...complete, [name]: value });
    expect(load).toThrow(message);
    expect(load).not.toThrow(/hunter2/);
  });

  it.each(['http://localhost:8081', 'http://127.0.0.1:8081/realm', 'http://[::1]:8081'])('accepts %s', (issuer) => {
    expect(loadConfig({ ...complete, FERMATA_OIDC_ISSUER: issuer }).oidc?.issuer).toBe(issuer);
  });

  it('does not show the client secret among the settings', () => {
    const { inForce } = loadConfig(complete);
    expect(JSON.stringify(inForce)).not.toContain('hunter2');
    expect(inForce).toContainEqual({
      ...{ name: 'FERMATA_OIDC_CLIENT_SECRET', value: null, source: 'environment', secret: true },
    });
  });
});

describe('.env.example', () => {
  const text = readFileSync(join(projectRoot(), '.env.example'), 'utf8');
  const entries = [...text.matchAll(/^(#?)([A-Z_]+)=(.*)$/gm)].map(([, off, name, value]) => ({ off, name, value }));

  it('lists every setting once, in order', () => {
    expect(entries.map(({ name }) => name)).toEqual(SETTINGS);
  });

  it('contains the default of each setting that is not commented out', () => {
    const shown = Object.fromEntries(entries.filter(({ off }) => off === '').map(({ name, value }) => [name, value]));
    // `inForce` differs, because it contains the source of each value.
    const { inForce } = loadConfig(shown);
    expect(loadConfig(shown)).toEqual({ ...loadConfig({}), inForce });
  });

  it('contains only valid values', () => {
    const all = Object.fromEntries(entries.map(({ name, value }) => [name, value]));
    expect(() => loadConfig(all)).not.toThrow();
  });
});
