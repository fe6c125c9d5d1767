import type { Request } from 'express';
import { assertStorable } from '../../domain/entities/storable';
import { isYamlType, mediaTypeOf, parseBody, parseForeignJson, parseLargeYaml, readRaw } from './body';
import { parseOrRefuse } from './findings';
import type { Context, Route } from './route';

const NOTHING = Buffer.alloc(0);

/** Maximum size in bytes of a YAML body that is parsed on the main thread. */
const LARGE_YAML_BYTES = 8_192;

interface InputDeps {
  ingestMaxBytes: number;
  /** Called with the size of the body after it has been read. May throw a refusal. */
  beforeParse(bytes: number): void;
  parseYaml(text: string): Promise<unknown>;
}

/** Parses all parts of a request that the route describes. */
export async function readInput(
  route: Route,
  request: Request,
  deps: InputDeps,
): Promise<Pick<Context<unknown, unknown, unknown>, 'params' | 'query' | 'body' | 'raw' | 'source'>> {
  const params = route.params === undefined ? undefined : parsePart(route.params, request.params);
  const query = route.query === undefined ? undefined : parsePart(route.query, { ...request.query });
  const format = route.bodyFormat ?? 'json';
  const reads = route.body !== undefined || format === 'raw';
  const inbound = route.effect === 'inbound';
  const raw = reads
    ? await readRaw(request, route.maxBodyBytes ?? (inbound ? deps.ingestMaxBytes : undefined))
    : NOTHING;
  deps.beforeParse(raw.length);
  const type = request.headers['content-type'];
  const large = format === 'json-or-yaml' && raw.length > LARGE_YAML_BYTES && isYamlType(mediaTypeOf(type));
  const { value, source } = large
    ? await parseLargeYaml(raw, type, deps.parseYaml)
    : parseBody(raw, type, format, ...(inbound ? [parseForeignJson] : []));
  const body =
    route.body === undefined || format === 'raw' ? value : parseOrRefuse(route.body, value, route.secretBody);
  return { params, query, body, raw, source };
}

function parsePart(schema: NonNullable<Route['params']>, value: unknown): unknown {
  assertStorable(value);
  return parseOrRefuse(schema, value);
}
