import type { ActionKind } from './action-kind';
import type { TriggerDefinition } from './trigger';

/** What is valid but not executed. */
export interface Unsupported {
  kinds: readonly ActionKind[];
  triggerKeys: readonly (keyof TriggerDefinition)[];
  onFailure: boolean;
}

/**
 * Refused at save with `not_supported_yet`, not ignored: a gate or step that silently does nothing is worse than an
 * error. Whoever makes the engine execute one of these deletes it here.
 */
export const UNSUPPORTED: Unsupported = {
  kinds: [],
  triggerKeys: [],
  onFailure: false,
};
