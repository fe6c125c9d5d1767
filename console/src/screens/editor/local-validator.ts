import type { ScopeSchemas } from '../../../../src/domain/definition/scope-schemas';
import { validateSentYaml } from '../../../../src/domain/definition/status';
import type { ValidationOptions } from '../../../../src/domain/definition/validate';
import { createFilterRegistry } from '../../../../src/domain/expressions/filter-registry';
import { describedRegistry, type DescribedPlugins } from '../../../../src/domain/registry/described-registry';
import { alertTriggers } from '../../../../src/domains/alert/triggers';
import { entityChangedTrigger } from '../../../../src/domains/automation/triggers/entity-changed';
import { numericStateTrigger } from '../../../../src/domains/automation/triggers/numeric-state';
import { cronTrigger, intervalTrigger } from '../../../../src/domains/automation/triggers/schedule';
import { webhookTrigger } from '../../../../src/domains/automation/triggers/webhook';

/** What the validator of the page knows, as the API answers it; names that the caller may not read are absent. */
export interface ValidatorKnowledge {
  plugins: DescribedPlugins;
  scope: { payloads: Record<string, Schema>; kinds: Record<string, Schema>; health: Schema | null };
  filters: readonly { name: string; description: string }[];
  /** Custom entity kinds. */
  customKinds: Readonly<Record<string, Schema>>;
  /** Ids and names. */
  connections?: readonly string[];
  hooks?: readonly string[];
  secrets?: readonly { name: string; allow: unknown }[];
}

type Schema = Record<string, unknown>;
type Found = Pick<ReturnType<typeof validateSentYaml>, 'errors' | 'warnings'>;

/** Built-in triggers with rules of their own, such as those of cron patterns and of matchers. */
const BUILT_IN = new Map([
  ...alertTriggers.map((trigger) => [`alert.${trigger.id}`, trigger] as const),
  ...[entityChangedTrigger, numericStateTrigger, webhookTrigger, cronTrigger, intervalTrigger].map(
    (trigger) => [`automation.${trigger.id}`, trigger] as const,
  ),
]);

/**
 * Validates texts in the page with the service's own code. It finds what the service finds, except for rules of actions and
 * plugins that a JSON Schema cannot express.
 */
export function createLocalValidator(knowledge: ValidatorKnowledge): (text: string) => Found {
  const { plugins, scope, filters: described, customKinds, connections, hooks, secrets } = knowledge;
  const filters = createFilterRegistry();
  for (const { name, description } of described) filters.registerFilter(name, (input) => input, description);
  const schemas: ScopeSchemas = {
    payloads: new Map(Object.entries(scope.payloads)),
    kinds: new Map(Object.entries(scope.kinds)),
    ...(scope.health !== null && { health: scope.health }),
  };
  const bindings = secrets?.map(({ name, allow }) => [name, allow] as const);
  const options: Omit<ValidationOptions, 'locate'> = {
    ...{
      registry: describedRegistry(plugins, BUILT_IN),
      filters,
      schemas,
      kinds: new Map(Object.entries(customKinds)),
    },
    ...(connections !== undefined && { connections: new Set(connections) }),
    ...(hooks !== undefined && { hooks: new Set(hooks) }),
    ...(bindings !== undefined && {
      secrets: new Set(bindings.map(([name]) => name)),
      bindings: new Map(bindings) as NonNullable<ValidationOptions['bindings']>,
    }),
  };
  return (text) => validateSentYaml(text, options);
}
