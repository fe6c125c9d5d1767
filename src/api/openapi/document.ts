import { z } from 'zod';
import { BASE_PATH } from '../app';
import { PROBLEM_TYPE, Problem } from '../http/problem';
import type { DocumentedResponse, Route } from '../http/route';
import { standardResponses } from '../http/standard-responses';
import { createSchemaCollector, type JsonSchema, type SchemaCollector } from './schema';

/** An OpenAPI 3.1 document. Only the parts that the documentation page reads are typed. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema> } & Record<string, unknown>;
  [key: string]: unknown;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: JsonSchema }> }>;
  security: Record<string, string[]>[];
  'x-permission': string;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: JsonSchema;
}

/** Creates the OpenAPI document from the schemas with which the routes validate requests. */
export function createOpenApiDocument(routes: readonly Route[], version: string): OpenApiDocument {
  const schemas = createSchemaCollector();
  const problem = schemas.of(Problem, 'output');
  const paths: OpenApiDocument['paths'] = {};
  for (const route of routes) {
    const path = `${route.atRoot ? '' : BASE_PATH}${route.path}`;
    (paths[path] ??= {})[route.method] = operationOf(route, schemas, problem);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Fermata', version, description: 'Durable automations for operations.' },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: schemas.components(),
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operationOf(route: Route, schemas: SchemaCollector, problem: JsonSchema): Operation {
  const parameters = parametersOf(route, schemas);
  const requestBody = requestBodyOf(route, schemas);
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(requestBody === undefined ? {} : { requestBody }),
    responses: responsesOf(route, schemas, problem),
    security: route.permission === 'public' ? [] : [{ bearer: [] }],
    'x-permission': route.permission,
  };
}

function parametersOf(route: Route, schemas: SchemaCollector): Parameter[] {
  const fromSchema = (place: 'path' | 'query', schema: Route['params']): Parameter[] => {
    if (schema === undefined) return [];
    const { properties = {}, required = [] } = schemas.of(schema, 'input') as {
      properties?: Record<string, JsonSchema>;
      required?: string[];
    };
    return Object.entries(properties).map(([name, { description, ...property }]) => ({
      name,
      in: place,
      required: place === 'path' || required.includes(name),
      ...(typeof description === 'string' ? { description } : {}),
      schema: property,
    }));
  };
  const headers = {
    ...(route.effect === 'write' && route.method === 'post' ? IDEMPOTENCY_HEADER : {}),
    ...route.headers,
  };
  return [
    ...fromSchema('path', route.params),
    ...fromSchema('query', route.query),
    ...Object.entries(headers).map(([name, description]) => ({
      ...{ name, in: 'header' as const, required: false, description },
      schema: {
        type: 'string',
        ...(name === 'Idempotency-Key' ? { minLength: 1, maxLength: 255, pattern: '^[ -~]+$' } : {}),
      },
    })),
  ];
}

const IDEMPOTENCY_HEADER = {
  'Idempotency-Key': 'A repeated request with the same key gets the stored response, or 422 if its content differs',
};

function requestBodyOf(route: Route, schemas: SchemaCollector): Operation['requestBody'] {
  const described =
    typeof route.documentedBody === 'function' ? route.documentedBody() : (route.documentedBody ?? route.body);
  if (described === undefined) return undefined;
  const isZod = described instanceof z.ZodType;
  const schema = isZod ? schemas.of(described, 'input') : schemas.ofJson(described);
  const types =
    route.bodyTypes ??
    (route.bodyFormat === 'json-or-yaml' ? ['application/json', 'application/yaml'] : ['application/json']);
  return {
    required: !isZod || !described.safeParse(undefined).success,
    content: Object.fromEntries(types.map((type) => [type, { schema }])),
  };
}

function responsesOf(route: Route, schemas: SchemaCollector, problem: JsonSchema): Operation['responses'] {
  const found: Operation['responses'] = {};
  for (const { status, description } of standardResponses(route)) {
    found[status] = { description, content: { [PROBLEM_TYPE]: { schema: problem } } };
  }
  for (const [status, response] of Object.entries(route.responses)) {
    const isProblem = Number(status) >= 400 && response.schema === undefined;
    found[status] = isProblem
      ? { description: response.description, content: { [PROBLEM_TYPE]: { schema: problem } } }
      : { description: response.description, ...contentOf(response, schemas) };
  }
  return found;
}

function contentOf(response: DocumentedResponse, schemas: SchemaCollector) {
  const { schema, contentTypes = schema === undefined ? [] : ['application/json'] } = response;
  if (contentTypes.length === 0) return {};
  const described = schema === undefined ? {} : { schema: schemas.of(schema, 'output') };
  const text = { schema: { type: 'string' } };
  return {
    content: Object.fromEntries(contentTypes.map((type) => [type, /json|yaml/.test(type) ? described : text])),
  };
}
