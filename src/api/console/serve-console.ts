import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Express, type Request, type Response } from 'express';

/** Path of the console. */
export const CONSOLE_PATH = '/console';
/** Placeholder in the page for the nonce of style elements that the editor creates. */
const NONCE_PLACEHOLDER = '__STYLE_NONCE__';

/**
 * Serves the built console from `directory`: files unchanged, every other path below `/console` as the page itself. `/`
 * redirects to it. Serves nothing without a build.
 */
export function serveConsole(app: Express, directory: string): void {
  const page = pageOf(directory);
  if (page === undefined) return;
  app.get('/', (_request, response) => response.redirect(302, `${CONSOLE_PATH}/`));
  app.use(
    `${CONSOLE_PATH}/assets`,
    express.static(join(directory, 'assets'), { immutable: true, maxAge: '365d', index: false, redirect: false }),
  );
  app.get([CONSOLE_PATH, `${CONSOLE_PATH}/*path`], (request, response) => {
    // A missing file must not be answered with the page: the browser would use it as a script.
    if (request.path.startsWith(`${CONSOLE_PATH}/assets/`)) return void response.status(404).end();
    sendPage(page, request, response);
  });
}

function sendPage(page: string, _request: Request, response: Response): void {
  const nonce = randomBytes(16).toString('base64');
  response.setHeader('Content-Security-Policy', contentSecurityPolicy(nonce));
  response.setHeader('Cache-Control', 'no-store');
  response.type('html').send(page.replaceAll(NONCE_PLACEHOLDER, nonce));
}

/**
 * Returns the policy of the console: scripts, styles and calls of this origin only, nothing inline, and style elements
 * only with the nonce.
 */
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "script-src-attr 'none'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join('; ');
}

function pageOf(directory: string): string | undefined {
  try {
    return readFileSync(join(directory, 'index.html'), 'utf8');
  } catch {
    return undefined;
  }
}
