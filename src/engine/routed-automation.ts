import type { z } from 'zod';
import { Definition } from '../domain/definition/schema';
import { nameOfFirstStretch } from '../domain/run/activity-names';

/** The part of a stored definition that routing needs. The actions stay in Postgres until a run claims them. */
const RoutedDefinition = Definition.pick({
  triggers: true,
  variables: true,
  conditions: true,
  mode: true,
  concurrency_scope: true,
  max_runs: true,
  max_exceeded: true,
  uses_state: true,
  state_window_minutes: true,
}).strip();
export type RoutedDefinition = z.infer<typeof RoutedDefinition>;
export type RoutedTrigger = RoutedDefinition['triggers'][number];

/** An automation as the dispatcher keeps it in memory. */
export interface RoutedAutomation extends RoutedDefinition {
  id: string;
  name: string;
  group: string | null;
  version: number;
  /** Whether the automation is enabled. Disabled automations are kept only to record why they did not run. */
  enabled: boolean;
  /** Name under which the first activity of its runs appears in Temporal. */
  firstStretch: string | undefined;
}

/**
 * Parses a stored document. `steps` are its actions, of which only the kind and the name of the action are read.
 * @throws {ZodError} when it is no longer a valid definition
 */
export function routedAutomation(row: {
  id: string;
  name: string;
  group: string | null;
  version: number;
  enabled: boolean;
  definition: unknown;
  steps: readonly object[] | null;
}): RoutedAutomation {
  const { definition, id, name, group, version, enabled, steps } = row;
  const firstStretch = nameOfFirstStretch(steps ?? []);
  return { ...RoutedDefinition.parse(definition), id, name, group, version, enabled, firstStretch };
}
