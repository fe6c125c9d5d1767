import { z } from 'zod';
import { lazily } from '../../domain/lazily';
import { json, readRoute, type Reply, type Route } from '../http/route';
import { createOpenApiDocument, type OpenApiDocument } from '../openapi/document';
import { renderPage } from './page';
import { SCRIPT } from './script';
import { STYLE } from './style';

const common = { method: 'get', atRoot: true, permission: 'public', tag: 'Operations' } as const;
const text = (body: string, contentType: string): Promise<Reply> => Promise.resolve({ status: 200, body, contentType });

/** Returns the routes for the OpenAPI document and the documentation page. The document also describes these routes. */
export function documentationRoutes(resources: readonly Route[], version: string): Route[] {
  const page = (path: string, operationId: string, summary: string, body: () => string, contentType: string) =>
    readRoute({
      ...common,
      ...{ path, operationId, summary },
      responses: { 200: { description: summary, contentTypes: [contentType] } },
      handler: () => text(body(), `${contentType}; charset=utf-8`),
    });
  const document = lazily((): OpenApiDocument => createOpenApiDocument([...resources, ...routes], version));
  const html = lazily(() => renderPage(document()));
  const openApi = readRoute({
    ...common,
    path: '/openapi.json',
    operationId: 'docs.openApi',
    summary: 'Get the OpenAPI 3.1 document of this API',
    responses: { 200: { description: 'The document', schema: z.record(z.string(), z.unknown()) } },
    handler: () => Promise.resolve(json(200, document())),
  });
  const routes: Route[] = [
    openApi,
    page('/docs', 'docs.page', 'Get the documentation of this API as a page', html, 'text/html'),
    page('/docs/style.css', 'docs.style', 'Get the style sheet of the documentation page', () => STYLE, 'text/css'),
    page('/docs/script.js', 'docs.script', 'Get the script of the documentation page', () => SCRIPT, 'text/javascript'),
  ];
  return routes;
}
