import { z } from 'zod';
import { createRegistry, type PluginDescription } from '../registry/registry';
import type { TriggerType } from '../registry/trigger-type';

const trigger = (id: string, more: Partial<TriggerType> = {}): TriggerType => ({
  id,
  displayName: id,
  description: `When ${id}`,
  category: 'test',
  payloadSchema: z.object({}),
  ...more,
});
const holds: NonNullable<TriggerType['holds']> = { entity: () => ({ kind: 'health', id: 'x' }), test: () => true };

const plugins: PluginDescription[] = [
  {
    id: 'healthcheck',
    triggers: [
      trigger('system_degraded', { contextKeyLabel: 'system', holds }),
      trigger('system_health_changed', { contextKeyLabel: 'system', holds }),
      trigger('check_failed', { contextKeyLabel: 'system' }),
    ],
  },
  {
    id: 'automation',
    triggers: [
      trigger('cron', { configSchema: z.strictObject({ cronPattern: z.string(), timezone: z.string().optional() }) }),
      trigger('cluster', { configSchema: z.strictObject({ connectionId: z.string().meta({ 'x-connection': true }) }) }),
      trigger('webhook', {
        configSchema: z.strictObject({
          hook: z.string().meta({ 'x-hook': true }),
          contextKey: z
            .string()
            .meta({ 'x-names': ['trigger'] })
            .optional(),
        }),
      }),
      trigger('numeric_state', {
        configSchema: z.strictObject({ field: z.string(), above: z.number().optional() }),
        holds,
      }),
      trigger('entity_changed', {
        configSchema: z.strictObject({ kind: z.string().meta({ 'x-entity-kind': true }), to: z.unknown().optional() }),
        holds: { ...holds, refuses: (config) => (config.to === undefined ? 'say which value with "to"' : undefined) },
      }),
    ],
    actions: [
      {
        id: 'log',
        displayName: 'Log',
        description: 'Writes a line',
        configSchema: z.strictObject({
          message: z.string(),
          level: z.enum(['info', 'warning']).default('info'),
          data: z.unknown().optional(),
        }),
      },
    ],
  },
  {
    id: 'incident',
    triggers: [trigger('created', { contextKeyLabel: 'incident' })],
    actions: [
      {
        id: 'create',
        displayName: 'Open an incident',
        description: 'Opens an incident',
        configSchema: z.strictObject({
          title: z.string().min(1),
          severity: z.enum(['minor', 'major', 'critical']),
          systemIds: z.array(z.string()).min(1),
          dedupe_open_for_system: z.boolean().default(false),
        }),
        produces: { name: 'incident', schema: z.object({ incidentId: z.string(), status: z.string() }) },
      },
      {
        id: 'resolve',
        displayName: 'Resolve',
        description: 'Resolves an incident',
        configSchema: z.strictObject({ incidentId: z.string().optional(), message: z.string() }),
      },
    ],
  },
  {
    id: 'integration-webhook',
    actions: [
      {
        id: 'send',
        displayName: 'Send',
        description: 'Sends a request',
        configSchema: z.strictObject({
          connectionId: z.string().optional(),
          url: z.string(),
          timeout: z.number().optional(),
          bearerToken: z.string().optional().meta({ 'x-secret': true }),
          env: z.record(z.string(), z.string()).optional().meta({ 'x-secret-env': true }),
          script: z.string().optional().meta({ 'x-code': true }),
        }),
      },
    ],
  },
];

/** A small registry with one example of each thing that validation checks. */
export const testRegistry = createRegistry(plugins);
