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
