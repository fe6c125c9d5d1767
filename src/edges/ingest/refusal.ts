import { FermataError, type Finding } from '../../domain/errors';

/**
 * Returns the error for a rejected message. `index` is the index of the invalid element in a batch. If one element is
 * invalid, nothing in the batch is stored.
 */
export function refusal(what: string, errors: readonly Finding[], index?: number): FermataError {
  const first = errors[0];
  const where = index === undefined ? what : `${what} ${index}`;
  const message = `${where} is not valid: ${first?.path ? `${first.path}: ` : ''}${first?.message ?? ''}`;
  return new FermataError('validation_failed', message, { errors, ...(index !== undefined && { data: { index } }) });
}
