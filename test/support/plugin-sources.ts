/** A plugin as an author would write it, in its own directory without installed packages. */
export const PHONES = `
import { definePlugin, json, writeRoute, z, type RouteHost } from 'fermata/plugin';

const Call = z.object({ caller: z.string().min(1), line: z.string().min(1) });
const Posted = z.object({ caller: z.string(), line: z.string() });

export default definePlugin({
  id: 'phones',
  triggers: [
    {
      id: 'rang',
      displayName: 'Phone rang',
      description: 'Somebody calls a line.',
      category: 'Phones',
      payloadSchema: Call,
      contextKey: ({ line }: z.infer<typeof Call>) => line,
      contextKeyLabel: 'line',
    },
  ],
  routes: ({ emit, log }: RouteHost) => [
    writeRoute({
      method: 'post',
      path: '/phones/ring',
      permission: 'ingest',
      operationId: 'phones.ring',
      tag: 'Phones',
      summary: 'A call was received',
      body: Posted,
      responses: { 202: { description: 'Accepted', schema: z.object({ changeId: z.string() }) } },
      async handler(context) {
        const changeId = await emit(context, 'phones.rang', context.body);
        log.info({ changeId }, 'a call was received');
        return json(202, { changeId });
      },
    }),
  ],
});
`;

/** A typed plugin that uses entity kinds, actions, migrations, and services of the host and of other plugins. */
export const TYPED = `
import { computedEntity, definePlugin, serviceRef, sql, z, type PluginHost } from 'fermata/plugin';
interface Directory { ownerOf(system: string): string }
const directory = serviceRef<Directory>('people.directory');
const Config = z.strictObject({ system: z.string() });
export default ({ secrets, log, clock, db, getService }: PluginHost) =>
  definePlugin({
    id: 'typed',
    requires: [directory],
    migrations: new URL('./migrations/', import.meta.url),
    provides: { more: async () => ({ n: (await db.execute(sql\`select 1 as n\`)).rows.length }) },
    entityKinds: [
      computedEntity('room', z.strictObject({ n: z.number() }), {
        description: 'x',
        read: async ({ db: own, now }, ids) => {
          const { rows } = await own.execute<{ id: string; n: number }>(sql\`select id, n from plugin_typed.t where at < \${now}\`);
          return new Map(rows.map(({ id, n }) => [id, { n }]));
        },
      }),
    ],
    actions: [
      {
        id: 'a', displayName: 'A', description: 'A', configSchema: Config, execution: 'call', timeoutMs: () => 1000,
        async execute({ config, note }) {
          const { system } = config as z.infer<typeof Config>;
          note(getService(directory).ownerOf(system).toUpperCase());
          log.info({ at: clock.now() }, 'x');
          return { output: (await secrets.resolve('X')).length };
        },
      },
    ],
  });
`;

/** A plugin whose steps read secrets and write them to all of its outputs. */
export const LEAK = `
import { definePlugin, ProviderFailure, z } from 'fermata/plugin';

const described = { displayName: 'Leak', description: 'Leaks a secret.' };
const configSchema = z.strictObject({ secret: z.string(), fail: z.boolean().default(false) });

export default ({ secrets, log }) => definePlugin({
  id: 'leak',
  actions: [
    {
      ...{ ...described, configSchema, id: 'call', execution: 'call', timeoutMs: () => 5000 },
      produces: { name: 'told', schema: z.object({ said: z.string() }) },
      async execute({ config: { secret, fail }, note }) {
        const value = await secrets.resolve(secret);
        log.info({ value, err: new Error(value) }, 'has read ' + value);
        note('noted ' + value);
        const facts = { retryable: false, output: { value } };
        if (fail) throw new ProviderFailure('provider_failed', 'refused ' + value, facts);
        return { output: { value, [value]: 1 }, artifact: { said: value } };
      },
    },
    {
      ...{ ...described, configSchema, id: 'write', execution: 'transaction' },
      execute: async ({ config: { secret } }) => ({ output: { value: await secrets.resolve(secret) } }),
    },
  ],
});
`;
