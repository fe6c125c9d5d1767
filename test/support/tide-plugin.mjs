import { defineEntity, definePlugin, registerChangeDeriver, z } from 'fermata/plugin';

const State = z.strictObject({ level: z.number() });

/** Another external plugin, for tests in which workers have different plugins. */
export default definePlugin({
  id: 'tide',
  entityKinds: [defineEntity('tide', State, { description: 'Level at a gauge' })],
  triggers: [
    {
      id: 'flood_started',
      displayName: 'Flood started',
      description: 'The level has passed 5.',
      category: 'Tide',
      payloadSchema: z.object({ gauge: z.string() }),
      contextKey: ({ gauge }) => gauge,
    },
  ],
  derivers: [
    registerChangeDeriver('tide', ({ id, prev, next }) =>
      (next?.level ?? 0) > 5 && (prev?.level ?? 0) <= 5
        ? [{ event: 'tide.flood_started', payload: { gauge: id } }]
        : [],
    ),
  ],
});
