import { z } from 'zod';
import { evaluate } from '../../../domain/expressions/evaluate';
import { checkExpressionField } from '../../../domain/expressions/expression-field';
import { parseBareExpression } from '../../../domain/expressions/template';
import type { TriggerType } from '../../../domain/registry/trigger-type';

const Config = z.strictObject({
  /** Name of a registered inbound hook. */
  hook: z.string().min(1).meta({ 'x-hook': true }),
  /** Expression over `trigger.payload`. Default: all runs of the automation share one context key. */
  contextKey: z
    .string()
    .superRefine(checkExpressionField)
    .meta({ 'x-names': ['trigger'] })
    .optional(),
});

const Payload = z.looseObject({
  hook: z.string().optional(),
  body: z.unknown(),
  headers: z.record(z.string(), z.unknown()),
  query: z.record(z.string(), z.unknown()),
  method: z.string(),
});

/** Fires for a request to an inbound hook. */
export const webhookTrigger: TriggerType = {
  id: 'webhook',
  displayName: 'Webhook',
  description: 'A registered hook received a request.',
  category: 'Automation',
  payloadSchema: Payload,
  configSchema: Config,
  contextKey(payload, { contextKey }) {
    if (typeof contextKey !== 'string') return null;
    const key = evaluate(parseBareExpression(contextKey).expression, { trigger: { payload } }, { now: new Date() });
    return typeof key === 'string' || typeof key === 'number' ? String(key) || null : null;
  },
  contextKeyLabel: 'config.contextKey',
  evaluateConfig: (payload, config) => payload.hook === config.hook,
  routingKey: {
    ofConfig: (config) => (typeof config.hook === 'string' ? config.hook : null),
    ofPayload: (payload) => String(payload.hook),
  },
};
