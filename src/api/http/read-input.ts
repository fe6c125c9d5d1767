import type { Request } from 'express';
import { assertStorable } from '../../domain/entities/storable';
import { parseBody, parseForeignJson, readRaw } from './body';
import { parseOrRefuse } from './findings';
import type { Context, Route } from './route';

const NOTHING = Buffer.alloc(0);

/** Everything of a request that the route describes, parsed by its schemas. */
export async function readInput(
  route: Route,
  request: Request,
  ingestMaxBytes: number,
): Promise<Pick<Context<unknown, unknown, unknown>, 'params' | 'query' | 'body' | 'raw' | 'source'>> {
  const params = route.params === undefined ? undefined : parsePart(route.params, request.params);
  const query = route.query === undefined ? undefined : parsePart(route.query, { ...request.query });
  const format = route.bodyFormat ?? 'json';
  const reads = route.body !== undefined || format === 'raw';
  const inbound = route.effect === 'inbound';
  const raw = reads ? await readRaw(request, route.maxBodyBytes ?? (inbound ? ingestMaxBytes : undefined)) : NOTHING;
  const { value, source } = parseBody(
    raw,
    request.headers['content-type'],
    format,
    ...(inbound ? [parseForeignJson] : []),
  );
  const body = route.body === undefined || format === 'raw' ? value : parseOrRefuse(route.body, value);
  return { params, query, body, raw, source };
}

function parsePart(schema: NonNullable<Route['params']>, value: unknown): unknown {
  assertStorable(value);
  return parseOrRefuse(schema, value);
}
