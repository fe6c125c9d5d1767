import { FermataError, type ErrorCode, type Finding } from '../../domain/errors';
import type { ThreadVerdict } from '../../thread-pool';

/**
 * The result of a job in a thread. Errors are transferred with their code, because the transfer does not preserve their
 * class.
 */
export type ThreadAnswer =
  | { result: unknown }
  | {
      refusal: {
        code: ErrorCode;
        message: string;
        errors: readonly Finding[] | undefined;
        data: unknown;
        retryAfterSeconds: number | undefined;
      };
    }
  /** The stack trace of an unexpected error. */
  | { failure: string };

/** Returns the result for a job that threw an error. */
export function answerOfError(error: unknown): ThreadAnswer {
  if (error instanceof FermataError) {
    const { code, message, errors, data, retryAfterSeconds } = error;
    return { refusal: { code, message, errors, data, retryAfterSeconds } };
  }
  return { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

/**
 * Returns the value of a finished job.
 * @param what the first words of the timeout message, e.g. "Checking this"
 * @throws {FermataError} the error that the job threw, or `limit_exceeded` when its thread was stopped at the deadline
 */
export function resultOf(verdict: ThreadVerdict<ThreadAnswer>, what: string, deadlineMs: number): unknown {
  if (verdict.type === 'too_expensive') {
    throw new FermataError('limit_exceeded', `${what} took more than ${deadlineMs / 1000} seconds.`);
  }
  if (verdict.type === 'unavailable') throw new Error('No thread could be started');
  const { answer } = verdict;
  if ('failure' in answer) throw new Error(answer.failure);
  if ('result' in answer) return answer.result;
  const { code, message, errors, data, retryAfterSeconds } = answer.refusal;
  throw new FermataError(code, message, {
    ...(errors !== undefined && { errors }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(data !== undefined && { data: data as Record<string, unknown> }),
  });
}
