import createClient from 'openapi-fetch';
import type { paths } from './schema';

/** A problem in a request body and its location in the body. */
export interface Finding {
  path: string;
  message: string;
  code: string;
  line?: number | undefined;
  column?: number | undefined;
}

/** Thrown when the API refuses a call. `status` is 599 when the API cannot be reached. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly findings: readonly Finding[] = [],
  ) {
    super(message);
  }

  /** Whether the API did not respond at all. */
  get isUnreachable(): boolean {
    return this.status === 599;
  }
}

let csrfToken = '';

/** Sets the CSRF token, which every request except GET and HEAD carries. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** Called when the API refuses a request because the session has ended. */
let onSignedOut: () => void = () => undefined;
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

/** The API client. Its types are generated from the API's OpenAPI document. */
export const api = createClient<paths>({ baseUrl: '' });

api.use({
  onRequest({ request }) {
    if (request.method !== 'GET' && request.method !== 'HEAD') request.headers.set('X-Fermata-CSRF', csrfToken);
    return request;
  },
});

interface Result<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

/**
 * Returns the body of a response.
 * @throws {ApiError} when the API refused the call or cannot be reached
 */
export async function bodyOf<T>(call: Promise<Result<T>>): Promise<T> {
  const { data, error, response } = await reached(call);
  if (response.ok) return data as T;
  throw problemOf(response, error);
}

async function reached<T>(call: Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await call;
  } catch (error) {
    throw new ApiError(
      599,
      'unreachable',
      `The API cannot be reached: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** HTTP statuses that a proxy returns if it cannot reach the API. */
const PROXY_ERRORS: readonly number[] = [502, 503, 504];

function problemOf(response: Response, error: unknown): ApiError {
  const problem = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  const code = typeof problem['code'] === 'string' ? problem['code'] : 'unknown';
  if (code === 'unknown' && PROXY_ERRORS.includes(response.status))
    return new ApiError(599, 'unreachable', `The API cannot be reached: a proxy answered ${response.status}.`);
  if (response.status === 401) onSignedOut();
  const findings = Array.isArray(problem['errors']) ? (problem['errors'] as Finding[]) : [];
  const detail = typeof problem['detail'] === 'string' ? problem['detail'] : `The API answered ${response.status}.`;
  return new ApiError(response.status, code, detail, findings);
}
