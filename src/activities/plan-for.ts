import type { ProviderAction } from '../domain/definition/action';
import type { ExecutionOf } from '../domain/run/interpret/kind';
import { SHORT_CALL_MS } from './call-budget';
import type { ActivityDeps } from './deps';

/**
 * Returns how an action is executed. The timeout from its configuration before rendering determines whether it is first
 * tried inside the workflow task. An action that this worker does not have counts as a transaction.
 */
export function executionOf({ registry }: Pick<ActivityDeps, 'registry'>): ExecutionOf {
  return (step: ProviderAction) => {
    const action = registry.action(step.action);
    if (!action || action.execution === 'transaction') {
      return { execution: 'transaction', timeoutMs: SHORT_CALL_MS };
    }
    const timeoutMs = step.timeout_seconds === undefined ? action.timeoutMs(step.config) : step.timeout_seconds * 1000;
    return { execution: timeoutMs <= SHORT_CALL_MS ? 'short' : 'long', timeoutMs };
  };
}
