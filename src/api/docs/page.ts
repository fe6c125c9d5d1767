import type { OpenApiDocument, Operation } from '../openapi/document';
import { escapeHtml, markdown } from './html';
import { renderOperation } from './operation';
import { renderSchema } from './schema';

interface Entry {
  method: string;
  path: string;
  operation: Operation;
}

/** Returns the documentation as one HTML page. It is rendered once and is readable without its script. */
export function renderPage(document: OpenApiDocument): string {
  const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): Entry => ({ method, path, operation })),
  );
  const groups = document.tags.map(({ name }) => ({
    name,
    entries: entries.filter(({ operation }) => operation.tags.includes(name)),
  }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(document.info.title)} API</title>
<link rel="stylesheet" href="/docs/style.css">
<script src="/docs/script.js" defer></script>
</head>
<body>
<nav>
<a class="brand" href="#top">${LOGO}<span>${escapeHtml(document.info.title)}</span><small>${escapeHtml(document.info.version)}</small></a>
<input id="search" type="search" placeholder="Search calls" aria-label="Search calls" autocomplete="off">
${groups.map(renderNavigation).join('\n')}
<section><h2>Schemas</h2><a href="#schemas">All schemas</a></section>
</nav>
<main id="top">
${INTRODUCTION}
${groups.map((group) => `<section class="group" id="tag-${slug(group.name)}"><h2>${escapeHtml(group.name)}</h2>${group.entries.map(({ method, path, operation }) => renderOperation(method, path, operation)).join('\n')}</section>`).join('\n')}
<section class="group" id="schemas"><h2>Schemas</h2>
${Object.entries(document.components.schemas)
  .map(
    ([name, schema]) =>
      `<details class="shape" id="schema-${escapeHtml(name)}"><summary><code>${escapeHtml(name)}</code></summary>${renderSchema(schema)}</details>`,
  )
  .join('\n')}
</section>
</main>
</body>
</html>`;
}

function renderNavigation({ name, entries }: { name: string; entries: Entry[] }): string {
  const links = entries.map(
    ({ method, path, operation }) =>
      `<a href="#${operation.operationId}" title="${escapeHtml(operation.summary)}"><b class="m ${method}">${method === 'delete' ? 'DEL' : method.toUpperCase()}</b><span>${escapeHtml(path.replace('/api/v1', ''))}</span></a>`,
  );
  return `<section><h2>${escapeHtml(name)}</h2>${links.join('')}</section>`;
}

const slug = (text: string) => text.toLowerCase().replace(/\W+/g, '-');

/** The logo, a fermata: an arc above a dot. */
const LOGO = `<svg viewBox="0 0 32 20" width="28" height="18" aria-hidden="true"><path d="M2 18a14 14 0 0 1 28 0h-3.2a10.8 10.8 0 0 0-21.6 0z" fill="currentColor"/><circle cx="16" cy="15.4" r="2.8" fill="currentColor"/></svg>`;

const INTRODUCTION = `<header>
<h1>REST API</h1>
${markdown('Everything is JSON below `/api/v1`; automations are accepted and returned as YAML, too. Send `Authorization: Bearer <token>`. The machine-readable description is at')}
<p><a class="button" href="/openapi.json">openapi.json</a></p>
<dl class="facts">
<div><dt>Errors</dt><dd>RFC 9457 problem documents: <code>code</code> for programs, <code>detail</code> for people, <code>errors</code> with the place of every finding.</dd></div>
<div><dt>Lists</dt><dd><code>?limit</code> 1 to 200 (50) and <code>?cursor</code>; responses are <code>{items, nextCursor}</code>, usually newest first.</dd></div>
<div><dt>Repeats</dt><dd>A <code>POST</code> with an <code>Idempotency-Key</code> takes effect once; a repeat gets the same response.</dd></div>
<div><dt>Races</dt><dd>Send the <code>ETag</code> you read as <code>If-Match</code>; 412 when it has changed since.</dd></div>
<div><dt>Inbound</dt><dd>Events are answered with 202 once they are committed, also while Temporal is unreachable.</dd></div>
<div><dt>Overload</dt><dd>429 and 503 state in <code>Retry-After</code> when to retry.</dd></div>
</dl>
<label class="token">Token for trying calls from this page <input id="token" type="password" placeholder="kept in this tab only" autocomplete="off"></label>
</header>`;
