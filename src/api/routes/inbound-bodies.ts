import { z } from 'zod';
import { Instant } from '../../domain/instant';
import { CheckResult } from '../../domains/healthcheck/check-result';

const CloudEvent = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z.string().min(1),
    source: z.string().min(1),
    type: z.string().min(1),
    subject: z.string().min(1).optional().describe('Becomes the context key'),
    time: Instant.optional(),
    datacontenttype: z.string().min(1).optional(),
    data: z.unknown().optional(),
  })
  .meta({ id: 'CloudEvent' });

/** One event or a batch, as documented; `parseCloudEvents` is what checks it. */
export const CloudEventBody = z.union([CloudEvent, z.array(CloudEvent)]);

const Labels = z.record(z.string(), z.string());

/** The part of Alertmanager's webhook that is read; `parseAlerts` is what checks it. */
export const AlertmanagerBody = z
  .looseObject({
    version: z.literal('4'),
    alerts: z.array(
      z.looseObject({
        status: z.enum(['firing', 'resolved']),
        labels: Labels.describe('One of them names the system: `system`, else `service`, `job`, `instance`'),
        annotations: Labels.optional(),
        startsAt: z.string().optional(),
        endsAt: z.string().optional(),
        fingerprint: z.string().min(1).max(200),
      }),
    ),
  })
  .meta({ id: 'AlertmanagerWebhook' });

/** One result or several; `parseHealthResults` is what checks it. */
export const HealthBody = z.union([CheckResult, z.strictObject({ results: z.array(CheckResult) })]);
