import type { Executor } from '../../db/executor';
import type { AwaitedKey } from '../../db/runs/wait-row';
import type { AwaitedEvent } from '../../domain/definition/awaited-events';
import { toStorable } from '../../domain/entities/storable';
import { normalizeEvent } from '../../domain/registry/registry';
import type { Evaluator, ExpressionContext } from '../evaluator';

/**
 * Returns the context key that each awaited event must have. This is the key of the run unless the document sets one;
 * `*` matches any key.
 * @throws {ExpressionError} when a key cannot be rendered
 */
export async function awaitedKeys(
  evaluator: Evaluator,
  db: Executor,
  events: readonly AwaitedEvent[],
  scope: ExpressionContext,
): Promise<AwaitedKey[]> {
  const keys: AwaitedKey[] = [];
  for (const { event, context_key: key } of events) {
    const rendered = key === undefined ? scope.facts.contextKey : await evaluator.render(db, key, scope);
    const contextKey = rendered === null || rendered === undefined ? null : toStorable(String(rendered as string));
    keys.push({ event: normalizeEvent(event), contextKey, anyKey: key !== undefined && contextKey === '*' });
  }
  return keys;
}
