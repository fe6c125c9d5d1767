import type { z } from 'zod';
import { Definition } from '../domain/definition/schema';

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
  return { ...RoutedDefinition.parse(definition), id, name, group, version, enabled };
}
