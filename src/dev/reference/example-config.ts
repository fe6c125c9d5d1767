import { isMap, listOf } from '../../domain/definition/plain-map';
import { sampleOf } from '../../domain/registry/sample';

/** Examples of configs that need one of several fields, which a sample of the required fields would not show. */
const WRITTEN: Readonly<Record<string, Record<string, unknown>>> = {
  'automation.numeric_state': { field: 'latencyMs', above: 800, on: 'crossing' },
  'integration-jira.search_issues': { connectionId: 'example', jql: 'project = OPS AND statusCategory != Done' },
  'integration-pagerduty.on_call': { connectionId: 'example', scheduleId: 'P1234567' },
};

/**
 * Returns an example `config` for a trigger or action: one of the examples above, otherwise a sample of the required
 * fields of its JSON Schema, which may be empty.
 */
export function exampleConfig(id: string, schema: Record<string, unknown>): Record<string, unknown> {
  const written = WRITTEN[id];
  if (written !== undefined) return written;
  const properties = isMap(schema['properties']) ? schema['properties'] : {};
  const required = listOf(schema['required']).filter((key): key is string => typeof key === 'string');
  return Object.fromEntries(required.map((key) => [key, sampleOf(properties[key], schema)]));
}
