import type { NextFunction, Request, Response } from 'express';

const METHODS = 'POST';
/**
 * Headers that Temporal's Web UI sends:
 * https://docs.temporal.io/production-deployment/data-encryption#codec-server-setup
 */
const HEADERS = 'Authorization, Content-Type, X-Namespace';
const MAX_AGE_SECONDS = 600;

/**
 * Creates a middleware that allows pages of the given origins, and no others, to call the routes after it (CORS).
 * Cookies are allowed, so a console session is sufficient if the console and the Web UI share a site.
 */
export function createWebUiCors(origins: readonly string[]) {
  const allowed = new Set(origins);
  return (request: Request, response: Response, next: NextFunction): void => {
    response.vary('Origin');
    const { origin } = request.headers;
    if (origin === undefined || !allowed.has(origin)) {
      next();
      return;
    }
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Access-Control-Allow-Credentials', 'true');
    if (request.method !== 'OPTIONS') {
      next();
      return;
    }
    response.setHeader('Access-Control-Allow-Methods', METHODS);
    response.setHeader('Access-Control-Allow-Headers', HEADERS);
    response.setHeader('Access-Control-Max-Age', String(MAX_AGE_SECONDS));
    response.status(204).end();
  };
}
