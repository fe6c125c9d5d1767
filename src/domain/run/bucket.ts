/** Values of `concurrency_scope`. */
export type ConcurrencyScope = 'automation' | 'context_key';

/** The scope key of runs when all runs of the automation share one bucket. */
export const WHOLE_AUTOMATION = 'all';

/**
 * Returns the key of a run's bucket: `all`, or its context key. All runs without a context key share one bucket, whose
 * key is empty.
 */
export function scopeKeyOf(scope: ConcurrencyScope, contextKey: string | null): string {
  return scope === 'automation' ? WHOLE_AUTOMATION : (contextKey ?? '');
}
