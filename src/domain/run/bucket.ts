/** What `concurrency_scope` may be. */
export type ConcurrencyScope = 'automation' | 'context_key';

/** scopeKey of runs that share one bucket for the whole automation. */
export const WHOLE_AUTOMATION = 'all';

/**
 * The key of the bucket a run belongs to: `all`, or its context key. A run without context key shares a bucket of its
 * own, the empty key.
 */
export function scopeKeyOf(scope: ConcurrencyScope, contextKey: string | null): string {
  return scope === 'automation' ? WHOLE_AUTOMATION : (contextKey ?? '');
}
