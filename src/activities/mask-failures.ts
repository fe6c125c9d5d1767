import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { Executor } from '../db/executor';
import { messageOf } from '../domain/errors';
import { shortText } from '../domain/run/short-text';
import { NO_MASK, type Mask } from '../domain/secrets/mask-values';
import type { RunSecrets } from './run-secrets';

/**
 * Maximum length of a stack in characters. A stack begins with the message, which may be as long as a provider's
 * response.
 */
const MAX_STACK_LENGTH = 10_000;

/**
 * Rebuilds every failure that an activity throws, except cancellations, without the secrets of the run, because
 * Temporal stores failures. Causes are left out. The message of a failed query contains its parameters, which may be
 * data from users and providers, so the message of its cause is used instead. Messages and stacks are truncated,
 * because Temporal refuses failures above 2 MB.
 */
export function maskFailures(deps: { db: Executor; secrets: RunSecrets }): ActivityInterceptorsFactory {
  const maskOf = async (input: unknown): Promise<Mask> => {
    const { runId } = Object(input) as { runId?: unknown };
    // When the database is unreachable, the secrets of the run are unknown, so the text of the failure is dropped.
    return typeof runId === 'string' ? deps.secrets.readMask(deps.db, runId) : NO_MASK;
  };
  return () => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          if (error instanceof CancelledFailure) throw error;
          const mask = await maskOf(input.args[0]).catch(() => null);
          throw rebuilt(error, mask);
        }
      },
    },
  });
}

function rebuilt(error: unknown, mask: Mask | null): Error {
  if (error instanceof ApplicationFailure && mask !== null) {
    const { message, type, nonRetryable, details, nextRetryDelay } = error;
    return ApplicationFailure.create({
      message: shortText(mask(message)),
      ...(type && { type }),
      ...(nonRetryable && { nonRetryable }),
      ...(details && { details: mask(details) }),
      ...(nextRetryDelay && { nextRetryDelay }),
    });
  }
  const visible = error instanceof DrizzleQueryError ? (error.cause ?? new Error('A query failed')) : error;
  const plain = new Error(
    mask === null
      ? 'The activity failed; its secrets could not be read to mask the message'
      : shortText(mask(messageOf(visible))),
  );
  plain.name = visible instanceof Error ? visible.name : 'Error';
  const stack = visible instanceof Error ? (visible.stack ?? '') : '';
  plain.stack = mask === null ? plain.message : shortText(mask(stack), MAX_STACK_LENGTH);
  return plain;
}
