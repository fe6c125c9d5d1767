import { z } from 'zod';
import { messageOf } from '../../domain/errors';
import { maskedMessage } from '../../domain/secrets/masked-message';
import type { AnyConnectionType, NotifyMessage } from '../../integrations/connections/connection-type';
import type { CallContext } from '../../integrations/contract';
import { ProviderFailure } from '../../integrations/provider-failure';

/** The result for one recipient. `to` is empty for a channel that has no recipients. */
export const DeliveryResult = z.object({
  to: z.string(),
  ok: z.boolean(),
  messageId: z.string().optional(),
  error: z.string().optional(),
});
export type DeliveryResult = z.infer<typeof DeliveryResult>;

const Progress = z.object({ delivered: z.array(DeliveryResult) });

interface Sending {
  notify: NonNullable<AnyConnectionType['notify']>;
  message: NotifyMessage;
  recipients: readonly string[];
}

/**
 * Sends a message to each recipient that no earlier attempt has reached. Each delivery is recorded before the next one
 * begins. If a worker dies, at most the current delivery is repeated, with the same idempotency key.
 * @throws {ProviderFailure} when some recipients were not reached; its output contains all results, and it is retryable
 * if one of the failures is
 */
export async function sendToRecipients(
  context: CallContext<unknown>,
  { notify, message, recipients }: Sending,
): Promise<DeliveryResult[]> {
  const { connection, idempotencyKey, mask, progress } = context;
  const { attempt, sentBefore, now, signal, timeoutMs, note, memory } = context;
  const before = Progress.safeParse(await progress.read());
  const delivered = new Map(before.success ? before.data.delivered.map((one) => [one.to, one]) : []);
  const failures: unknown[] = [];
  const results: DeliveryResult[] = [];
  for (const to of recipients.length === 0 ? [''] : recipients) {
    const known = delivered.get(to);
    if (known) {
      results.push(known);
      continue;
    }
    try {
      const key = { attempt, sentBefore, idempotencyKey: `${idempotencyKey}:${to}` };
      const call = { signal, now, timeoutMs, note, memory, ...key };
      const messageId = await notify.send(connection, message, to, call);
      const result = { to, ok: true, ...(messageId !== null && { messageId }) };
      delivered.set(to, result);
      results.push(result);
      await progress.write({ delivered: [...delivered.values()] });
    } catch (error) {
      signal.throwIfAborted();
      failures.push(error);
      results.push({ to, ok: false, error: maskedMessage(mask, messageOf(error)) });
    }
  }
  if (failures.length > 0) throw failureOf(failures, results);
  return results;
}

/**
 * Combines the failures of several recipients into one `ProviderFailure`. The result is based on the first retryable
 * `ProviderFailure`, otherwise on the first. It has the longest delay that a provider requested, and all results as
 * output. If no failure is a `ProviderFailure`, returns the first error unchanged.
 */
function failureOf(failures: readonly unknown[], results: DeliveryResult[]): unknown {
  const known = failures.filter((failure) => failure instanceof ProviderFailure);
  const first = known.find(({ retryable }) => retryable) ?? known[0];
  if (first === undefined) return failures[0];
  const waits = known.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
  const deliveredCount = results.filter(({ ok }) => ok).length;
  const left = results.filter(({ ok }) => !ok).map(({ to }) => to);
  const text = results.length === 1 ? first.message : `${left.join(', ')} not reached: ${first.message}`;
  return new ProviderFailure(first.code, text, {
    ...{ retryable: first.retryable, status: first.status, cause: first },
    retryAfterMs: waits.length === 0 ? undefined : Math.max(...waits),
    output: { deliveredCount, results },
  });
}
