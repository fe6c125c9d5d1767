import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import express, { type Express, type Request, type Response } from 'express';

/** Path of the console. */
export const CONSOLE_PATH = '/console';
/** Placeholder in the page for the nonce of the style elements that the editor creates. */
const NONCE_PLACEHOLDER = '__STYLE_NONCE__';

/**
 * Serves the built console from `directory`. Files are served unchanged, and every other path below `/console` returns
 * the page. `/` redirects to the console. Does nothing if the console has not been built.
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
    // Do not answer with the page when a file is missing, because the browser would load it as a script.
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
 * Returns the Content-Security-Policy of the console. It allows scripts and styles from this origin, requests to this
 * origin, and style elements with the nonce. All other inline content is forbidden.
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
