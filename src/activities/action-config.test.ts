import { z } from 'zod';
import type { Executor } from '../db/executor';
import { secretNotAllowed } from '../domain/secrets/not-allowed';
import type { SecretUse } from '../domain/secrets/binding';
import type { Evaluator, ExpressionContext } from '../evaluation/evaluator';
import { renderConfig, secretUse } from './action-config';
import type { UsedSecret } from './run-secrets';
import type { ActionStepOfRun } from './step';

const schema = z.strictObject({
  url: z.string(),
  count: z.number().optional(),
  token: z.string().meta({ 'x-secret': true }).optional(),
  env: z.record(z.string(), z.string().meta({ 'x-secret-env': true })).optional(),
});
const automation = { id: 'a1', name: 'Page', group: 'ops' };
const uses: ReadonlyMap<string, SecretUse>[] = [];

/** Renders `{{ n }}` as a number, and `{{ reference }}` as a secret reference that the author did not write. */
const evaluator = {
  render: (_db: unknown, config: unknown) =>
    Promise.resolve(
      JSON.parse(
        JSON.stringify(config)
          .replace('"{{ n }}"', '3')
          .replace('{{ host }}', 'example.com')
          .replace('{{ reference }}', '${{ secrets.other }}'),
      ) as unknown,
    ),
} as unknown as Evaluator;

const resolving = (found: Record<string, UsedSecret> | Error) => ({
  readMask: () => Promise.reject(new Error('unused')),
  resolve: (requested: ReadonlyMap<string, SecretUse>) => {
    uses.push(requested);
    if (found instanceof Error) return Promise.reject(found);
    return Promise.resolve(new Map(Object.entries(found)));
  },
});

function render(config: Record<string, unknown>, { secrets = resolving({}), execution = 'call' as const } = {}) {
  uses.length = 0;
  const step = {
    source: { facts: { automation } },
    action: { action: 'test.send', config },
  } as unknown as ActionStepOfRun;
  const rendered = renderConfig(
    {} as Executor,
    { evaluator, secrets: secrets as never },
    step,
    { configSchema: schema, execution },
    {} as ExpressionContext,
  );
  return { step, rendered };
}

const KEY: UsedSecret = { source: 'key', value: 'hunter2' };

describe('the configuration of an action', () => {
  it('is rendered and checked, with the types of the rendered values', async () => {
    const { step, rendered } = render({ url: 'https://{{ host }}/', count: '{{ n }}' });
    const config = { url: 'https://example.com/', count: 3 };
    expect(await rendered).toEqual({ config, used: [] });
    expect(step.config).toEqual(config);
  });

  it('contains secrets in clear text for the call, and references in the stored step', async () => {
    const secrets = resolving({ key: KEY });
    const { step, rendered } = render({ url: 'u', token: 'Bearer ${{ secrets.key }}' }, { secrets });
    expect(await rendered).toEqual({ config: { url: 'u', token: 'Bearer hunter2' }, used: [KEY] });
    expect(step.config).toEqual({ url: 'u', token: 'Bearer ${{ secrets.key }}' });
  });

  it('reports how each secret is used, so that its binding can be checked', async () => {
    const secrets = resolving({ key: KEY, path: { source: 'path', value: 'p' } });
    const config = { url: 'u', token: '${{ secrets.key }}', env: { PATH_TO: '${{ secrets.path }}' } };
    await render(config, { secrets }).rendered;
    const use = { automation, action: 'test.send' };
    expect(uses).toEqual([
      new Map([
        ['key', { ...use, way: 'call' }],
        ['path', { ...use, way: 'environment' }],
      ]),
    ]);
  });

  it('is refused if it has a secret in a field that does not accept secrets, before the secret is resolved', async () => {
    const { rendered } = render({ url: 'https://${{ secrets.key }}/' });
    await expect(rendered).rejects.toMatchObject({ code: 'secret_outside' });
    expect(uses).toEqual([]);
  });

  it('keeps a reference to a secret that a template has produced as text', async () => {
    const { rendered } = render({ url: 'u', token: '{{ reference }}' });
    expect((await rendered).config).toEqual({ url: 'u', token: '${{ secrets.other }}' });
    expect([...(uses[0]?.keys() ?? [])]).toEqual([]);
  });

  it('fails if it does not match its schema, and the rendered configuration is stored with the step', async () => {
    const { step, rendered } = render({ url: 'u', count: 'many' });
    await expect(rendered).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('count') });
    expect(step.config).toEqual({ url: 'u', count: 'many' });
  });

  it('is refused if a secret is bound to other uses, and is stored with references', async () => {
    const secrets = resolving(secretNotAllowed('key', 'may not be used by this action'));
    const { step, rendered } = render({ url: 'u', token: '${{ secrets.key }}' }, { secrets });
    await expect(rendered).rejects.toMatchObject({ code: 'secret_not_allowed' });
    expect(step.config).toEqual({ url: 'u', token: '${{ secrets.key }}' });
  });
});

describe('the use of a secret', () => {
  it('names the automation, the action and the kind of use', () => {
    const step = { source: { facts: { automation } }, action: { action: 'test.send' } } as unknown as ActionStepOfRun;
    expect(secretUse(step, 'effect')).toEqual({ automation, action: 'test.send', way: 'effect' });
  });
});
