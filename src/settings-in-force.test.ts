import { loadConfig, SETTINGS } from './config';

const KEY = Buffer.alloc(32, 7).toString('base64');
const inForce = (env: Record<string, string>) => new Map(loadConfig(env).inForce.map((each) => [each.name, each]));

it('shows where each value comes from', () => {
  const settings = inForce({ FERMATA_PORT: '9090' });
  expect(settings.get('FERMATA_PORT')).toMatchObject({ value: '9090', source: 'environment', secret: false });
  expect(settings.get('FERMATA_HOST')).toMatchObject({ value: '127.0.0.1', source: 'default' });
  expect(settings.get('FERMATA_RETENTION_ROUTINGS_HOURS')).toMatchObject({ value: '72', source: 'default' });
  expect(settings.get('FERMATA_PUBLIC_URL')).toMatchObject({ value: null, source: 'unset' });
  expect([...settings.keys()]).toEqual(SETTINGS);
});

it('shows no secrets, and no credentials in URLs', () => {
  const env = {
    FERMATA_SECRET_KEY: KEY,
    FERMATA_ADMIN_TOKEN: 'an-admin-token-0123456789',
    DATABASE_URL: 'postgres://fermata:p@ss/w?rd#1@db.example.test:5432/fermata?sslpassword=hidden',
    FERMATA_EGRESS_PROXY: 'http://proxy-user:proxy-pass@proxy.example.test:3128',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.test/v1?api-key=hidden',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20hidden',
  };
  const text = JSON.stringify([...inForce(env).values()]);
  for (const word of [KEY, 'an-admin-token', 'p@ss', 'w?rd', 'ss/w', 'rd#1', 'hidden', 'proxy-user', 'proxy-pass'])
    expect(text).not.toContain(word);
  expect(text).toContain('collector.example.test/v1');
  expect(inForce(env).get('FERMATA_SECRET_KEY')).toMatchObject({ value: null, source: 'environment', secret: true });
});

it('marks exactly these settings as secret', () => {
  const secret = [...inForce({}).values()].filter((each) => each.secret).map(({ name }) => name);
  expect(secret).toEqual([
    ...['FERMATA_OIDC_CLIENT_SECRET', 'FERMATA_SECRET_KEY', 'FERMATA_ADMIN_TOKEN'],
    'OTEL_EXPORTER_OTLP_HEADERS',
  ]);
});
