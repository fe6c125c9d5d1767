import { fetch, type RequestInit, type Response } from 'undici';
import { z } from 'zod';
import { ApiProblem, ApiUnreachable, problemOf } from './client/problem';
import { readServerSentEvents, type ServerSentEvent } from './client/server-sent-events';

/** Prefix of the API's paths. Operational paths such as `/readyz` have no prefix. */
const BASE_PATH = '/api/v1';
/** Timeout of a call in milliseconds, including the body of its response. Streams have no timeout. */
const TIMEOUT_MS = 30_000;
const PAGE_LIMIT = 200;
const MAX_PAGES = 50;

type Query = Record<string, string | number | boolean | undefined>;

/** The body of a call: JSON, or a document as YAML text. */
export type Body = { json: unknown } | { yaml: string };

/** The body, query parameters and additional headers of a call. */
interface CallOptions {
  body?: Body;
  query?: Query;
  headers?: Record<string, string>;
}

/**
 * The REST API, as used by the command line. Calls reject with {@link ApiProblem} when the API refuses them, and with
 * {@link ApiUnreachable} when it does not answer.
 */
export interface ApiClient {
  /** URL of the API without a path, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  get<T>(path: string, schema: z.ZodType<T>, query?: Query): Promise<T>;
  /** Returns up to `limit` items of a list, from as many pages as necessary. Never returns more than 10,000. */
  list<T>(path: string, item: z.ZodType<T>, query?: Query & { limit?: number }): Promise<T[]>;
  send<T>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    schema: z.ZodType<T>,
    call?: CallOptions,
  ): Promise<T>;
  /** Returns the response as YAML text. */
  yaml(path: string): Promise<string>;
  /** Returns the status of a call outside the base path, e.g. `/readyz`. Returns undefined if there is no response. */
  status(path: string): Promise<number | undefined>;
  /** Yields server-sent events until the server ends the stream or the caller stops reading. */
  stream(path: string, lastEventId?: string): AsyncGenerator<ServerSentEvent>;
}

/** Address of the API, and the token to call it with. */
interface ClientOptions {
  url: string;
  /** If undefined, calls are sent without a token. The API then answers that a token is needed. */
  token: string | undefined;
}

/** Creates the client. Sends nothing before the first call. */
export function createApiClient({ url, token }: ClientOptions): ApiClient {
  const call = async (target: string, init: RequestInit): Promise<Response> => {
    const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers };
    try {
      return await fetch(target, { ...init, headers });
    } catch (error) {
      throw new ApiUnreachable(url, error);
    }
  };
  const request = async (
    method: string,
    path: string,
    { body, query, headers = {} }: CallOptions & { accept?: string },
  ) => {
    const response = await call(addressOf(url, path, query), {
      method,
      headers: { accept: 'application/json', ...contentOf(body).headers, ...headers },
      body: contentOf(body).text,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) throw await problemOf(response, token !== undefined);
    return response;
  };
  const get = async <T>(path: string, schema: z.ZodType<T>, query?: Query) =>
    parsed(path, schema, await request('GET', path, query === undefined ? {} : { query }));

  return {
    url,
    get,
    list: (path, item, query) => listAll(get, path, item, query),
    send: async (method, path, schema, options = {}) => parsed(path, schema, await request(method, path, options)),
    yaml: async (path) => (await request('GET', path, { headers: { accept: 'application/yaml' } })).text(),
    async status(path) {
      try {
        const response = await call(new URL(path, url).href, { signal: AbortSignal.timeout(TIMEOUT_MS) });
        await response.body?.cancel();
        return response.status;
      } catch (error) {
        if (error instanceof ApiUnreachable) return undefined;
        throw error;
      }
    },
    async *stream(path, lastEventId) {
      const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
      const response = await call(addressOf(url, path), { headers: { accept: 'text/event-stream', ...resume } });
      if (!response.ok) throw await problemOf(response, token !== undefined);
      if (response.body !== null) yield* readServerSentEvents(response.body);
    },
  };
}

/** Reads a list page by page, up to `limit` items and `MAX_PAGES` pages. */
async function listAll<T>(
  get: ApiClient['get'],
  path: string,
  item: z.ZodType<T>,
  { limit = Infinity, ...query }: Query & { limit?: number } = {},
): Promise<T[]> {
  const page = z.object({ items: z.array(item), nextCursor: z.string().nullish() });
  const items: T[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES && items.length < limit; pages += 1) {
    const size = Math.min(PAGE_LIMIT, limit - items.length);
    const answer = await get(path, page, { ...query, limit: size, cursor });
    items.push(...answer.items);
    if (answer.nextCursor == null) break;
    cursor = answer.nextCursor;
  }
  return items;
}

function addressOf(url: string, path: string, query: Query = {}): string {
  const address = new URL(`${BASE_PATH}${path}`, url);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) address.searchParams.set(name, String(value));
  }
  return address.href;
}

function contentOf(body: Body | undefined): { text: string | null; headers: Record<string, string> } {
  if (body === undefined) return { text: null, headers: {} };
  if ('yaml' in body) return { text: body.yaml, headers: { 'content-type': 'application/yaml' } };
  return { text: JSON.stringify(body.json), headers: { 'content-type': 'application/json' } };
}

async function parsed<T>(path: string, schema: z.ZodType<T>, response: Response): Promise<T> {
  const text = await response.text();
  let value: unknown;
  try {
    value = text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    throw new ApiProblem(`The server is not the API of Fermata: its answer to ${path} is not JSON.`, {
      cause: error,
    });
  }
  const answer = schema.safeParse(value);
  if (answer.success) return answer.data;
  throw new ApiProblem(
    `The answer of ${path} does not have the format that this release expects: ${z.prettifyError(answer.error)}`,
  );
}
