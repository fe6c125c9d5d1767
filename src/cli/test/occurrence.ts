import { z } from 'zod';

const Data = z.record(z.string(), z.unknown());
const Labels = z.record(z.string(), z.string());

const Alert = z.strictObject({
  status: z.enum(['firing', 'resolved']).default('firing'),
  labels: Labels,
  annotations: Labels.default({}),
  fingerprint: z.string().min(1).optional().describe('Fingerprint; default: derived from the labels'),
});

const Entity = z.strictObject({
  kind: z.string(),
  id: z.string(),
  state: Data.optional().describe('Replaces its state'),
  merge: Data.optional().describe('Merged into its state'),
  remove: z.boolean().optional(),
});

const Trigger = z.strictObject({
  automation: z.string(),
  triggerId: z.string().optional(),
  payload: Data.optional(),
  contextKey: z.string().optional(),
  skipConditions: z.boolean().optional(),
});

const Request = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']).default('POST'),
  path: z.string().startsWith('/'),
  body: z.unknown().optional(),
});

/** Something that happens in a test. Each occurrence has exactly one of these keys. */
export const Occurrence = z
  .strictObject({
    health: Data.describe('A check result, as POST /health/results takes it'),
    event: Data.describe('A CloudEvent; id, source and specversion are filled in'),
    alert: z.union([Alert, z.array(Alert).min(1)], { error: 'not an alert' }).describe('In the format of Alertmanager'),
    entity: Entity.describe('State of an entity of a custom kind'),
    incident: Data.describe('Body of POST /incidents'),
    maintenance: Data.describe('Body of POST /maintenances; startAt and endAt may be times since the start'),
    trigger: Trigger.describe('A run that is started manually'),
    request: Request.describe('Any other call of the API'),
  })
  .partial()
  .superRefine((given, ctx) => {
    const kinds = KINDS.filter((kind) => given[kind] !== undefined);
    if (kinds.length === 1) return;
    const found = kinds.length === 0 ? '' : `; found ${kinds.join(' and ')}`;
    ctx.addIssue({ code: 'custom', message: `Give exactly one of ${KINDS.join(', ')}${found}` });
  });
export type Occurrence = z.infer<typeof Occurrence>;

const KINDS = ['health', 'event', 'alert', 'entity', 'incident', 'maintenance', 'trigger', 'request'] as const;
