import { z } from 'zod';
import type { FilterRegistry } from '../../domain/expressions/filter-registry';
import { lazily } from '../../domain/lazily';
import type { Registry } from '../../domain/registry/registry';
import { pageOf } from '../http/pagination';
import { sampleOf } from '../../domain/registry/sample';
import { json, readRoute, type Route } from '../http/route';
import { notFound } from '../http/values';

const TAG = 'Registry';
const JsonSchema = z.record(z.string(), z.unknown());

const TriggerAnswer = z
  .object({
    id: z.string(),
    displayName: z.string(),
    description: z.string(),
    category: z.string(),
    payloadSchema: JsonSchema,
    configSchema: JsonSchema.nullable(),
    contextKeyLabel: z.string().describe('Kind of object that the context key identifies'),
    supportsFor: z.boolean().describe('Whether `for` can check later that the cause still holds'),
  })
  .meta({ id: 'TriggerType' });

const ActionAnswer = z
  .object({
    id: z.string(),
    displayName: z.string(),
    description: z.string(),
    configSchema: JsonSchema,
    produces: z.object({ type: z.string(), name: z.string(), schema: JsonSchema }).nullable(),
    consumes: z.string().nullable(),
    connection: z.string().nullable(),
    connectionField: z.string().nullable().describe('Field of the config that names a connection'),
  })
  .meta({ id: 'ActionType' });

const ArtifactTypeAnswer = z
  .object({ id: z.string(), name: z.string(), schema: JsonSchema })
  .meta({ id: 'ArtifactType' });
const FilterAnswer = z
  .object({ name: z.string(), description: z.string(), builtIn: z.boolean() })
  .meta({ id: 'Filter' });

/**
 * Returns the routes for triggers, actions and filters. Their responses are created once, because they do not change
 * while the process runs.
 */
export function registryRoutes({ registry, filters }: { registry: Registry; filters: FilterRegistry }): Route[] {
  const triggers = lazily(() =>
    [...registry.triggers()].map(([id, type]) => ({
      id,
      displayName: type.displayName,
      description: type.description,
      category: type.category,
      payloadSchema: toJsonSchema(type.payloadSchema),
      configSchema: type.configSchema === undefined ? null : toJsonSchema(type.configSchema),
      contextKeyLabel: type.contextKeyLabel ?? 'per automation',
      supportsFor: type.holds !== undefined,
    })),
  );
  const actions = lazily(() =>
    [...registry.actions()].map(([id, action]) => {
      const artifact = registry.artifactTypeOf(id);
      return {
        id,
        displayName: action.displayName,
        description: action.description,
        configSchema: toJsonSchema(action.configSchema),
        produces:
          artifact === undefined
            ? null
            : { type: artifact.id, name: artifact.name, schema: toJsonSchema(artifact.schema) },
        consumes: action.consumes ?? null,
        connection: action.connection ?? null,
        connectionField: action.connectionField ?? (action.connection === undefined ? null : 'connectionId'),
      };
    }),
  );
  const artifactTypes = lazily(() =>
    [...registry.artifactTypes().values()].map(({ id, name, schema }) => ({
      ...{ id, name, schema: toJsonSchema(schema) },
    })),
  );
  return [
    listRoute(
      '/triggers',
      'registry.triggers',
      'List the events that automations can listen to',
      TriggerAnswer,
      triggers,
    ),
    listRoute('/actions', 'registry.actions', 'List the actions of steps', ActionAnswer, actions),
    listRoute(
      '/artifact-types',
      'registry.artifactTypes',
      'List the types of artifacts that actions produce',
      ArtifactTypeAnswer,
      artifactTypes,
    ),
    listRoute('/filters', 'registry.filters', 'List the filters of expressions', FilterAnswer, () => filters.list()),
    sampleRoute(registry),
  ];
}

function sampleRoute(registry: Registry): Route {
  return readRoute({
    method: 'get',
    path: '/triggers/{event}/sample',
    permission: 'automation.read',
    operationId: 'registry.triggerSample',
    tag: TAG,
    summary: 'Get an example payload of a trigger, generated from its schema',
    params: z.object({ event: z.string().min(1).max(200) }),
    responses: {
      200: { description: 'A payload that the schema accepts', schema: z.object({ payload: z.unknown() }) },
      404: { description: 'Trigger not found' },
    },
    handler({ params: { event } }) {
      const type = registry.triggers().get(event);
      if (type === undefined) throw notFound('trigger', event);
      return Promise.resolve(json(200, { payload: sampleOf(toJsonSchema(type.payloadSchema)) }));
    },
  });
}

function listRoute(
  path: string,
  operationId: string,
  summary: string,
  item: z.ZodType,
  items: () => readonly unknown[],
): Route {
  return readRoute({
    method: 'get',
    path,
    permission: 'automation.read',
    operationId,
    tag: TAG,
    summary,
    responses: { 200: { description: 'The complete list', schema: pageOf(item) } },
    handler: () => Promise.resolve(json(200, { items: items(), nextCursor: null })),
  });
}

function toJsonSchema(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
}
