import type { ProviderAction } from '../domain/definition/action';
import type { ExecutionOf } from '../domain/run/interpret/kind';
import type { CallingAction } from '../integrations/contract';
import type { ActivityDeps } from './deps';

/** Maximum timeout, in milliseconds, of a call that is first tried inside a workflow task. */
const SHORT_CALL_MS = 5_000;

/** Returns whether a call may be tried inside the workflow task. */
export const isShort = ({ startsApart }: CallingAction, timeoutMs: number): boolean =>
  startsApart !== true && timeoutMs <= SHORT_CALL_MS;

/**
 * Returns how an action is executed. The timeout in the unrendered configuration determines whether it is first tried
 * inside the workflow task. An action that this worker does not have counts as a transaction.
 */
export function executionOf({ registry }: Pick<ActivityDeps, 'registry'>): ExecutionOf {
  return (step: ProviderAction) => {
    const action = registry.action(step.action);
    if (!action || action.execution === 'transaction') {
      return { execution: 'transaction', timeoutMs: SHORT_CALL_MS };
    }
    const timeoutMs = step.timeout_seconds === undefined ? action.timeoutMs(step.config) : step.timeout_seconds * 1000;
    return { execution: isShort(action, timeoutMs) ? 'short' : 'long', timeoutMs };
  };
}
