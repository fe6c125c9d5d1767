import { definePlugin, onEntityChanged, z } from 'fermata/plugin';

const described = { description: 'Throws.', category: 'Faulty' };
const fails = (what) => () => {
  throw new Error(`${what} threw`);
};

const refused = (what) => async () => {
  throw Object.assign(new Error(`${what}: connect ECONNREFUSED 127.0.0.1:1`), { code: 'ECONNREFUSED' });
};

/** Takes 10 s. */
const slow = async ({ changeId }) => {
  console.error(`slow listener called for ${changeId}`);
  await new Promise((resolve) => setTimeout(resolve, 10_000));
};

/** A plugin whose triggers throw while changes are routed, and whose listener and action reach no server. */
export default definePlugin({
  id: 'faulty',
  listeners: [
    onEntityChanged({ kind: 'lamp', id: 'unreachable' }, refused('The listener'), { mode: 'work-queue' }),
    onEntityChanged({ kind: 'lamp', id: 'slow' }, slow, { mode: 'work-queue' }),
  ],
  actions: [
    {
      ...{ id: 'write', displayName: 'Write', ...described },
      ...{ configSchema: z.strictObject({}), execution: 'transaction', execute: refused('The write') },
    },
    {
      ...{ id: 'call', displayName: 'Call', ...described },
      ...{ configSchema: z.strictObject({}), execution: 'call', timeoutMs: () => 1_000, execute: refused('The call') },
    },
  ],
  triggers: [
    {
      ...{ id: 'compared', displayName: 'Compared', ...described },
      payloadSchema: z.object({ n: z.number() }),
      configSchema: z.strictObject({ n: z.number() }),
      evaluateConfig: ({ n }, config) => n === config.n,
      mismatch: fails('The comparison'),
    },
    {
      ...{ id: 'keyed', displayName: 'Keyed', ...described },
      payloadSchema: z.object({}),
      routingKey: { ofConfig: () => 'key', ofPayload: fails('The key of the payload') },
    },
    {
      ...{ id: 'indexed', displayName: 'Indexed', ...described },
      payloadSchema: z.object({}),
      routingKey: { ofConfig: fails('The key of the config'), ofPayload: () => 'key' },
    },
  ],
});
