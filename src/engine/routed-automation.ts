import type { z } from 'zod';
import { Definition } from '../domain/definition/schema';
import { nameOfFirstStretch } from '../domain/run/activity-names';

/** What routing needs of a stored definition; actions stay in Postgres until a run claims them. */
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

/** An automation as the dispatcher holds it. */
export interface RoutedAutomation extends RoutedDefinition {
  id: string;
  name: string;
  group: string | null;
  version: number;
  /** A disabled one is only kept to say why it did not run. */
  enabled: boolean;
  /** What the first steps of its runs are called in Temporal. */
  firstStretch: string | undefined;
}

/** Parses a stored document. Throws zod's error when it no longer is a definition. */
export function routedAutomation(row: {
  id: string;
  name: string;
  group: string | null;
  version: number;
  enabled: boolean;
  definition: unknown;
}): RoutedAutomation {
  const { definition, id, name, group, version, enabled } = row;
  const { actions = [] } = definition as { actions?: object[] };
  const firstStretch = nameOfFirstStretch(actions);
  return { ...RoutedDefinition.parse(definition), id, name, group, version, enabled, firstStretch };
}
