import { z } from 'zod';
import { Instant } from '../../domain/instant';
import { CheckResult } from '../../domains/healthcheck/check-result';

const CloudEvent = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z.string().min(1),
    source: z.string().min(1),
    type: z.string().min(1),
    subject: z.string().min(1).optional().describe('Subject of the event; becomes the context key'),
    time: Instant.optional(),
    datacontenttype: z.string().min(1).optional(),
    data: z.unknown().optional(),
  })
  .meta({ id: 'CloudEvent' });

/** One event or a batch, for the documentation. `parseCloudEvents` does the validation. */
export const CloudEventBody = z.union([CloudEvent, z.array(CloudEvent)]);

/** One result or several, for the documentation. `parseHealthResults` does the validation. */
export const HealthBody = z.union([CheckResult, z.strictObject({ results: z.array(CheckResult) })]);

/** Response to senders that verify an address before they deliver (`edges/hooks/handshake.ts`). */
export const HANDSHAKE = {
  description: 'Answer to a handshake of Azure Event Grid, Slack or Microsoft Graph; nothing is stored',
  contentTypes: ['application/json', 'text/plain'],
};

/** Documentation of the header by which inbound routes recognise repeated requests. */
export const INBOUND_KEY_HEADER = {
  'Idempotency-Key':
    'A request with the same key as an earlier one within seven days has no effect, even if its content differs',
};
