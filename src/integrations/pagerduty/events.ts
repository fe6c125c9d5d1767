import { z } from 'zod';
import type { CallContext, CallingAction } from '../contract';
import { boundedKey, incidentKeyOf } from '../incident-key';
import { createTextLimits } from '../limit-text';
import { PagerdutyConnection, type PagerdutyClient } from './client';
import { MAX_DEDUP_KEY, MAX_DETAILS_BYTES, MAX_SUMMARY } from './connection';

const Text = z.string().trim().min(1);
const TIMEOUT_MS = 30_000;
const Event = z.object({ dedupKey: z.string(), status: z.string() });
const common = { connection: 'pagerduty', execution: 'call', timeoutMs: () => TIMEOUT_MS } as const;

const Key = Text.optional().describe("Default: the event of an earlier step, else the run's alert or incident");

const TriggerConfig = z.strictObject({
  connectionId: Text,
  summary: Text,
  severity: z.enum(['critical', 'error', 'warning', 'info']),
  source: Text.describe('The affected system'),
  dedupKey: Text.optional().describe("Default: the run's alert or incident"),
  component: Text.optional(),
  group: Text.optional(),
  customDetails: z.record(z.string(), z.unknown()).optional(),
  links: z
    .array(z.strictObject({ href: z.url({ protocol: /^https?$/ }), text: z.string().optional() }))
    .max(100)
    .optional(),
});

/**
 * Creates the action `integration-pagerduty.trigger`. PagerDuty adds events with the same dedup key to the open
 * incident, so a repeated attempt does not create another incident.
 */
export function createTrigger(client: PagerdutyClient): CallingAction<z.infer<typeof TriggerConfig>> {
  return {
    ...common,
    id: 'trigger',
    displayName: 'Trigger PagerDuty',
    description: 'Opens an incident, or adds to the open incident with the same key.',
    configSchema: TriggerConfig,
    produces: { name: 'event', schema: Event, identity: ['dedupKey'] },
    async execute(context) {
      const { connection, config, now, signal, timeoutMs, note } = context;
      const { summary, severity, source, component, group, customDetails: details, links } = config;
      const limit = createTextLimits('PagerDuty', note);
      const isLarge = details !== undefined && Buffer.byteLength(JSON.stringify(details)) > MAX_DETAILS_BYTES;
      if (isLarge) note('customDetails was left out: PagerDuty accepts at most 512 KB.');
      const event = await client.enqueue(
        PagerdutyConnection.parse(connection),
        { now, signal, timeoutMs },
        {
          ...{ event_action: 'trigger', dedup_key: keyOf(context, null), client: 'Fermata' },
          payload: {
            ...{ summary: limit('summary', summary, { characters: MAX_SUMMARY }), severity, source, component, group },
            custom_details: isLarge ? undefined : details,
          },
          links,
        },
      );
      return { output: event, artifact: event };
    },
  };
}

const ChangeConfig = z.strictObject({ connectionId: Text, dedupKey: Key });

/**
 * Creates the action `integration-pagerduty.acknowledge` or `integration-pagerduty.resolve`. A repeated attempt changes
 * nothing.
 */
export function createChange(
  client: PagerdutyClient,
  action: 'acknowledge' | 'resolve',
): CallingAction<z.infer<typeof ChangeConfig>> {
  return {
    ...common,
    id: action,
    displayName: action === 'resolve' ? 'Resolve PagerDuty' : 'Acknowledge PagerDuty',
    description: action === 'resolve' ? 'Resolves the incident of a key.' : 'Acknowledges the incident of a key.',
    configSchema: ChangeConfig,
    consumes: 'integration-pagerduty.event',
    produces: { name: 'event', schema: Event, identity: ['dedupKey'] },
    async execute(context) {
      const { connection, consumed, now, signal, timeoutMs } = context;
      const event = await client.enqueue(
        PagerdutyConnection.parse(connection),
        { now, signal, timeoutMs },
        { event_action: action, dedup_key: keyOf(context, consumed) },
      );
      return { output: event, artifact: event, closesConsumed: action === 'resolve' };
    },
  };
}

function keyOf(
  { config, scope, run, idempotencyKey }: CallContext<{ dedupKey?: string | undefined }>,
  consumed: Record<string, unknown> | null,
): string {
  const earlier = consumed?.['dedupKey'];
  const { trigger, artifacts } = scope;
  const subject = () => incidentKeyOf({ trigger, artifacts, contextKey: run.contextKey, idempotencyKey });
  return boundedKey(config.dedupKey ?? (typeof earlier === 'string' ? earlier : subject()), MAX_DEDUP_KEY);
}
