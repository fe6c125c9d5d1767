import type { Route } from './route';

/** A refusal that a route may return because of its properties. */
export interface StandardResponse {
  status: number;
  description: string;
}

/**
 * Returns the refusals that every route with these properties may return. Routes document 404, 409 and others
 * themselves.
 */
export function standardResponses(route: Route): StandardResponse[] {
  const takesBody = route.body !== undefined || route.bodyFormat === 'raw';
  const reads = takesBody || route.query !== undefined || route.params !== undefined;
  const found: [number, string, boolean][] = [
    [400, 'The request could not be read', true],
    [401, 'No valid bearer token', route.permission !== 'public'],
    [403, `The token lacks the permission \`${route.permission}\``, route.permission !== 'public'],
    [413, `The body is larger than ${sizeText(route)}`, takesBody],
    [415, 'The body has a content type or encoding that is not accepted', takesBody],
    [422, 'Not valid; `errors` names every place', reads || route.effect === 'write'],
    [429, 'Too many requests; see `Retry-After`', route.permission !== 'public' || route.effect === 'inbound'],
    [431, 'Address and headers are larger than 64 kB', reads],
    [500, 'Internal error; the log of the server has the details under the request id', true],
    [
      503,
      'The database cannot be reached or is overloaded, or this process lacks a plugin (`plugin_missing`); see `Retry-After`',
      true,
    ],
  ];
  return found.filter(([, , applies]) => applies).map(([status, description]) => ({ status, description }));
}

function sizeText({ effect, maxBodyBytes }: Route): string {
  if (maxBodyBytes === undefined) return effect === 'inbound' ? '`FERMATA_INGEST_MAX_BYTES`' : '1 MB';
  return `${Math.round(maxBodyBytes / 1024)} KB`;
}
