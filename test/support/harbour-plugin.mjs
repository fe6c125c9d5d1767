import { definePlugin, z } from 'fermata/plugin';

const described = { description: 'At a berth of the harbour.', category: 'Harbour' };

/** A plugin with an event and with a trigger that evaluates another plugin's events, for tests of mixed workers. */
export default definePlugin({
  id: 'harbour',
  triggers: [
    {
      ...{ id: 'alarm', displayName: 'Alarm', ...described },
      payloadSchema: z.object({ berth: z.string() }),
      contextKey: ({ berth }) => berth,
    },
    {
      ...{ id: 'loud_noise', displayName: 'Loud noise', ...described },
      payloadSchema: z.object({ berth: z.string() }),
      source: 'automation.event',
      payloadOf: ({ type, subject, data }) => (type === 'noise' && data.decibel > 90 ? { berth: subject } : null),
      contextKey: ({ berth }) => berth,
    },
  ],
});
