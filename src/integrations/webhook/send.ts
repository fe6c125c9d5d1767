import { writtenMs } from '../../domain/definition/duration';
import { jsonTemplateProblem } from '../../domain/expressions/json-template';
import type { CallingAction } from '../contract';
import type { Egress } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import { WebhookConfig } from './config';
import { Delivery, deliveryOf } from './delivery';
import { encodeBody } from './encode-body';
import { requestHeaders } from './request-headers';
import { withQuery } from './with-query';

const DEFAULT_TIMEOUT_MS = 5_000;

/**
 * Creates the action `integration-webhook.send`. It succeeds with a 2xx response, after following redirects. Every
 * attempt has the same `Idempotency-Key`, so that the receiver can recognise repeated requests.
 */
export function createSendAction(egress: Egress): CallingAction<WebhookConfig> {
  return {
    id: 'send',
    displayName: 'Send webhook',
    description: 'Sends an HTTP request; any response other than 2xx fails the step.',
    configSchema: WebhookConfig,
    configWarnings({ body, contentType = 'json' }) {
      const problem = contentType === 'json' && typeof body === 'string' ? jsonTemplateProblem(body) : undefined;
      return problem === undefined ? [] : [{ key: 'body', message: problem }];
    },
    produces: { name: 'delivery', schema: Delivery },
    execution: 'call',
    // Also called before the configuration is rendered, when the timeout may still be a template.
    timeoutMs: ({ timeout }) => writtenMs(timeout) ?? DEFAULT_TIMEOUT_MS,
    async execute({ config, idempotencyKey, now, signal, timeoutMs, mask }) {
      const body = encodeBody(config);
      const { headers, sensitive } = requestHeaders(config, body, { idempotencyKey, now });
      const response = await egress.send({
        url: withQuery(config.url, config.query),
        method: config.method,
        headers,
        body: body?.text,
        timeoutMs: config.timeout ?? timeoutMs,
        signal,
        sensitiveHeaders: sensitive,
      });
      const delivery = deliveryOf(config.url, response, mask);
      if (response.status >= 200 && response.status < 300) return { output: delivery, artifact: delivery };
      throw httpFailure(response, { retryOnStatus: config.retryOnStatus, now, output: delivery });
    },
  };
}
