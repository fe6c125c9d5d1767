import { FermataError } from '../domain/errors';
import { checkBoundSecrets, withBoundSecrets } from '../edges/egress/bound-secrets';
import { createLogger } from '../log';
import { runGuarded, guardPlugin } from './guard-plugin';
import { createPluginLog } from './plugin-log';
import { createPluginSecrets, NO_SECRETS, withSecretsOfStep } from './plugin-secrets';
import { ProviderFailure } from './provider-failure';
import type { SecretBackend, SecretValue } from './secret-backend';

const CANARY = 'canary-of-a-plugin-1234';
const backend = (values: Record<string, Omit<SecretValue, 'version'>>): SecretBackend => ({
  resolve: (names) =>
    Promise.resolve(
      new Map(names.flatMap((name) => (values[name] ? [[name, { ...values[name], version: '1' }] as const] : []))),
    ),
  list: () => Promise.resolve(Object.keys(values)),
  health: () => Promise.resolve(),
});

describe('a secret that a plugin reads', () => {
  const secrets = createPluginSecrets(backend({ TOKEN: { value: CANARY } }));
  beforeAll(() => secrets.resolve('TOKEN'));

  test('is masked in its log: messages, fields, values and errors', () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => void lines.push(line) };
    const log = createPluginLog(
      createLogger({ level: 'info', name: 'api', format: 'json', destination }),
      () => 'chat',
      secrets.mask,
    );
    log.info(`token ${CANARY}`);
    log.warn({ token: CANARY, [CANARY]: 1, deep: { list: [CANARY] } }, 'with %s', CANARY);
    log.error({ err: new Error(`refused ${CANARY}`, { cause: CANARY }) }, 'failed');
    log.debug('not written');
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain(CANARY);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ plugin: 'chat', msg: 'token ****', level: 'info' });
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ err: { message: 'refused ****' } });
  });

  test.each([
    [
      'a failure of a provider',
      new ProviderFailure('http_status', CANARY, { retryable: true, output: { said: CANARY } }),
    ],
    ['a refusal', new FermataError('validation_failed', CANARY, { data: { said: CANARY } })],
    ['an error with a cause', new Error('failed', { cause: new Error(CANARY) })],
    ['a string', CANARY],
  ])('is masked in %s that it throws, which keeps its class', async (_, thrown) => {
    const error: unknown = await runGuarded(secrets.mask, () => {
      throw thrown;
    }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(thrown instanceof Error ? thrown.constructor : Error);
    const { message, stack, cause, ...rest } = error as Error;
    expect(JSON.stringify([message, stack, cause, rest])).not.toContain(CANARY);
  });

  test('leaves an error without the secret unchanged', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    await expect(runGuarded(secrets.mask, () => Promise.reject(refused))).rejects.toBe(refused);
  });

  test('is masked in the results of its listeners, connection tests and options', async () => {
    const plugin = guardPlugin(
      {
        id: 'chat',
        listeners: [{ filter: {}, mode: 'broadcast', handler: () => Promise.reject(new Error(CANARY)) }],
        connectionTypes: [
          {
            ...{ id: 'chat', displayName: 'Chat', configSchema: null as never, addressFields: [] },
            test: () => Promise.resolve(`signed in with ${CANARY}`),
            options: { room: () => Promise.resolve([{ value: CANARY, label: 'ops' }]) },
          },
        ],
      },
      secrets.mask,
    );
    await expect(plugin.listeners?.[0]?.handler(null as never)).rejects.toThrow(/^\*\*\*\*$/);
    const [type] = plugin.connectionTypes ?? [];
    const call = { signal: AbortSignal.timeout(1_000), timeoutMs: 1_000, now: new Date(0) };
    expect(await type?.test({}, call)).toBe('signed in with ****');
    expect(await type?.options['room']?.({}, {}, call)).toEqual([{ value: '****', label: 'ops' }]);
  });
});

test('a plugin cannot read a secret that does not exist or is bound to other uses', async () => {
  const secrets = createPluginSecrets(
    backend({
      STEPS: { value: CANARY, allow: { actions: ['chat.post'] } },
      HOSTS: { value: CANARY, allow: { hosts: ['chat.example.com'] } },
    }),
  );
  await expect(secrets.resolve('NONE')).rejects.toThrow('Secret not found: "NONE".');
  await expect(secrets.resolve('STEPS')).rejects.toThrow('is bound to steps and cannot be read outside of them');
  await expect(secrets.resolve('HOSTS')).rejects.toThrow('can be read only inside of a call');
  const sendTo = (host: string) =>
    withBoundSecrets([], async () => {
      const value = await secrets.resolve('HOSTS');
      checkBoundSecrets(host);
      return value;
    });
  expect(await sendTo('chat.example.com')).toBe(CANARY);
  await expect(sendTo('evil.example.com')).rejects.toMatchObject({ code: 'secret_not_allowed' });
});

test('a secret that a plugin reads inside a step is resolved by the step, and masked', async () => {
  const secrets = createPluginSecrets(backend({}));
  const resolve = (name: string) => Promise.resolve(`${name} of the step`);
  expect(await withSecretsOfStep({ resolve }, () => secrets.resolve('TOKEN'))).toBe('TOKEN of the step');
  expect(secrets.mask('TOKEN of the step')).toBe('****');
  await expect(withSecretsOfStep(NO_SECRETS, () => secrets.resolve('TOKEN'))).rejects.toThrow(
    'cannot be read by an action that writes in a transaction',
  );
});
