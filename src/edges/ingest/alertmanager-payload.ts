import { z } from 'zod';
import { assertStorable } from '../../domain/entities/storable';
import { findingsOf, refusal } from './refusal';

const Labels = z.record(z.string(), z.string());

const Alert = z.looseObject({
  status: z.enum(['firing', 'resolved']),
  labels: Labels,
  annotations: Labels.default({}),
  startsAt: z.string().optional(),
  endsAt: z.string().optional(),
  generatorURL: z.string().optional(),
  fingerprint: z.string().min(1).max(200),
});
export type Alert = z.infer<typeof Alert>;

/** Body of Alertmanager's webhook, version 4. */
const Payload = z.looseObject({ version: z.literal('4', { error: 'must be "4"' }), alerts: z.array(z.unknown()) });

/** The alerts of a webhook. Refused: `validation_failed` with `data.index` of the bad alert, `invalid_text`. */
export function parseAlerts(body: unknown): Alert[] {
  const payload = Payload.safeParse(body);
  if (!payload.success) throw refusal('The Alertmanager webhook', findingsOf(payload.error));
  assertStorable(payload.data.alerts, 'alerts');
  return payload.data.alerts.map((input, index) => {
    const parsed = Alert.safeParse(input);
    if (!parsed.success) throw refusal('Alert', findingsOf(parsed.error, `alerts[${index}]`), index);
    return parsed.data;
  });
}
