import { startEngine, type Engine } from '../support/engine';
import type { FermataProcess } from '../support/process';

/** Forbidden addresses in different notations. */
const FORBIDDEN = [
  'http://127.0.0.1/',
  'http://127.1/',
  'http://localhost/',
  'http://0.0.0.0/',
  'http://2130706433/',
  'http://0x7f000001/',
  'http://017700000001/',
  'http://[::1]/',
  'http://[::]/',
  'http://[::ffff:127.0.0.1]/',
  'http://[::ffff:7f00:1]/',
  'http://0177.0.0.1/',
  'http://0x7f.1/',
  'http://127.0.0.1./',
  'http://①②⑦.⓪.⓪.①/',
  'http://[64:ff9b::7f00:1]/',
  'http://[2002:7f00:1::]/',
  'http://[0:0:0:0:0:ffff:a9fe:a9fe]/',
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://192.168.1.1/',
  'http://100.64.0.1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://[fe80::1]/',
  'http://[fd00:ec2::254]/',
  'http://[fc00::1]/',
];
const OTHER_SCHEMES = ['ftp://example.org/', 'file:///etc/passwd', 'gopher://127.0.0.1/'];

describe('an address from a user', () => {
  let engine: Engine;
  let api: FermataProcess & { url: string };
  beforeAll(async () => {
    engine = await startEngine();
    api = await engine.api({ FERMATA_EGRESS_ALLOW: '' });
    await engine.worker({ FERMATA_EGRESS_ALLOW: '' });
  }, 360_000);
  afterAll(() => engine.close());

  const call = (method: string, path: string, body?: unknown, at = api.url) =>
    engine.request({ url: at }, method, path, body);

  test('is not reached by a step if it is internal, in any notation', async () => {
    const urls = [...FORBIDDEN, ...OTHER_SCHEMES, engine.receiver.url];
    const id = await engine.save(
      JSON.stringify({
        name: 'inside',
        triggers: [{ event: 'automation.event', config: { type: 'inside' } }],
        actions: [
          {
            repeat: {
              for_each: `[${urls.map((url) => `'${url}'`).join(', ')}]`,
              sequence: [
                {
                  action: 'integration-webhook.send',
                  continue_on_error: true,
                  config: { url: '{{ repeat.item }}', authType: 'bearer', bearerToken: 'token' },
                },
              ],
            },
          },
        ],
      }),
    );
    await engine.emit('inside');
    const [run] = await engine.ended(1, id, 60_000);
    const steps = (await engine.steps(run?.id ?? '')).filter(({ path }) => path.includes('sequence'));
    expect(steps).toHaveLength(urls.length);
    const refused = steps.filter(({ error }) => error?.code === 'egress_refused');
    expect(refused).toHaveLength(FORBIDDEN.length + 1);
    expect(steps.filter(({ error }) => error?.code === 'config_invalid')).toHaveLength(OTHER_SCHEMES.length);
    expect(steps.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    expect(engine.receiver.received).toEqual([]);
  }, 270_000);

  test('is not reached by a connection test or by its options', async () => {
    const configs: Record<string, (url: string) => Record<string, unknown>> = {
      jira: (baseUrl) => ({ baseUrl, email: 'a@example.org', apiToken: 'token' }),
      webex: (baseUrl) => ({ baseUrl, botToken: 'token' }),
      teams: (url) => ({ workflowUrl: `${url}/workflows/1` }),
      webhook: (baseUrl) => ({ baseUrl }),
      smtp: (url) => ({
        host: new URL(url).hostname.replace(/^\[|\]$/g, ''),
        port: 25,
        user: 'a@example.org',
        password: 'p',
      }),
    };
    const options: Record<string, string> = { jira: 'projectKey', webex: 'roomId' };
    for (const [type, configOf] of Object.entries(configs)) {
      for (const url of FORBIDDEN) {
        const made = await call('POST', '/connections', { name: type, type, config: configOf(url.replace(/\/$/, '')) });
        // Refused either when it is saved or when it is used.
        if (made.status === 422) continue;
        const id = String(made.body['id']);
        const tried = await call('POST', `/connections/${id}/test`);
        expect({ type, url, ...tried.body }).toMatchObject({
          ok: false,
          message: expect.stringMatching(/is not public/),
        });
        const field = options[type];
        if (field === undefined) continue;
        const given = await call('GET', `/connections/${id}/options/${field}`);
        expect({ type, url, code: given.body['code'] }).toEqual({ type, url, code: 'egress_refused' });
      }
    }
  }, 270_000);

  test('is not reached through a redirect from an allowed address', async () => {
    const { host } = new URL(engine.receiver.url);
    const open = await engine.api({ FERMATA_EGRESS_ALLOW: host });
    const config = { baseUrl: engine.receiver.url, botToken: 'canary' };
    const { body } = await call('POST', '/connections', { name: 'Webex', type: 'webex', config }, open.url);
    const path = `/connections/${String(body['id'])}`;
    engine.receiver.answerWith((_received, response) => void response.end('{"displayName": "Bot", "items": []}'));
    expect((await call('POST', `${path}/test`, undefined, open.url)).body).toMatchObject({ ok: true });
    expect((await call('GET', `${path}/options/roomId`, undefined, open.url)).body).toEqual({ items: [] });
    const places = [...FORBIDDEN, ...OTHER_SCHEMES, 'http://user:pw@example.org/'];
    for (const location of places.filter((place) => /^[\x20-\x7e]+$/.test(place))) {
      engine.receiver.answerWith((_received, response) => void response.writeHead(307, { location }).end());
      const tried = await call('POST', `${path}/test`, undefined, open.url);
      expect({ location, ...tried.body }).toMatchObject({
        location,
        ok: false,
        message: expect.stringMatching(/not public|Only http|user name/),
      });
      const given = await call('GET', `${path}/options/roomId`, undefined, open.url);
      expect({ location, code: given.body['code'] }).toEqual({ location, code: 'egress_refused' });
    }
    const named = { name: 'x', type: 'webex', config: { ...config, baseUrl: 'http://user:pw@example.org' } };
    expect((await call('POST', '/connections', named, open.url)).status).toBe(422);
  }, 270_000);

  test('is refused for mail connections too', async () => {
    const config = { host: '10.1.2.3', port: 25, user: 'ops@example.org', password: 'canary-mail-password' };
    const made = await call('POST', '/connections', { name: 'inside', type: 'smtp', config });
    expect(made.status).toBe(201);
    const { body } = await call('POST', `/connections/${String(made.body['id'])}/test`);
    expect(body).toMatchObject({ ok: false, message: expect.stringContaining('10.1.2.3') as string });
  }, 180_000);
});
