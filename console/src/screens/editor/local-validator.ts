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

/**
 * Responses of the API that the local validator needs. Each of `connections`, `hooks` and `secrets` is absent if its
 * list cannot be read or is incomplete. Its names are then not checked.
 */
export interface ValidatorKnowledge {
  plugins: DescribedPlugins;
  scope: { payloads: Record<string, Schema>; kinds: Record<string, Schema>; health: Schema | null };
  filters: readonly { name: string; description: string }[];
  /** Schemas of custom entity kinds. */
  customKinds: Readonly<Record<string, Schema>>;
  /** Ids and names of connections. */
  connections?: readonly string[];
  hooks?: readonly string[];
  secrets?: readonly { name: string; allow: unknown }[];
}

type Schema = Record<string, unknown>;
type Found = Pick<ReturnType<typeof validateSentYaml>, 'errors' | 'warnings'>;

/**
 * Built-in triggers whose configuration has rules beyond its JSON Schema, such as the syntax of cron patterns and
 * matchers.
 */
const BUILT_IN = new Map([
  ...alertTriggers.map((trigger) => [`alert.${trigger.id}`, trigger] as const),
  ...[entityChangedTrigger, numericStateTrigger, webhookTrigger, cronTrigger, intervalTrigger].map(
    (trigger) => [`automation.${trigger.id}`, trigger] as const,
  ),
]);

/**
 * Returns a function that validates YAML text in the page, using the service's own code. Only the service can check
 * those rules of actions and plugins that a JSON Schema cannot express.
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
