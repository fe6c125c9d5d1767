import type { Operation, Parameter } from '../openapi/document';
import { escapeHtml, inline, markdown } from './html';
import { renderSchema, typeOf } from './schema';

/** Renders one operation as a collapsed section, with a form that the page's script uses to try it. */
export function renderOperation(method: string, path: string, operation: Operation): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const permission = operation['x-permission'];
  return `<details class="call" id="${operationId}" data-search="${escapeHtml(`${method} ${path} ${summary}`.toLowerCase())}">
<summary><b class="m ${method}">${method.toUpperCase()}</b><code class="path">${renderPath(path)}</code><span class="what">${inline(summary)}</span><span class="permission">${escapeHtml(permission)}</span></summary>
<div class="body">
${description === undefined ? '' : markdown(description)}
${parameters.length === 0 ? '' : `<h3>Parameters</h3><table>${parameters.map(renderParameter).join('')}</table>`}
${requestBody === undefined ? '' : renderBody(requestBody)}
<h3>Responses</h3>
${Object.entries(responses)
  .map(([status, response]) => renderResponse(status, response))
  .join('')}
${renderForm(method, path, operation)}
</div>
</details>`;
}

const renderPath = (path: string) => escapeHtml(path).replace(/\{\w+\}/g, (name) => `<var>${name}</var>`);

function renderParameter({ name, in: place, required, description, schema }: Parameter): string {
  const fallback =
    schema.default === undefined ? '' : ` <span class="default">= ${escapeHtml(JSON.stringify(schema.default))}</span>`;
  return `<tr><td><code>${escapeHtml(name)}</code>${required ? '<i title="required">*</i>' : ''}</td><td class="place">${place}</td><td><span class="type">${typeOf(schema)}</span>${fallback}${description === undefined ? '' : `<p>${inline(description)}</p>`}</td></tr>`;
}

function renderBody({ required, content }: NonNullable<Operation['requestBody']>): string {
  const types = Object.keys(content);
  const [first] = Object.values(content);
  return `<h3>Body${required ? '' : ' (optional)'} <small>${types.map(escapeHtml).join(', ')}</small></h3>${renderReferenced(first?.schema)}`;
}

function renderResponse(status: string, { description, content = {} }: Operation['responses'][string]): string {
  const types = Object.keys(content);
  const schema = Object.values(content)[0]?.schema;
  const detail = types.includes('application/problem+json') ? '' : renderReferenced(schema);
  return `<div class="answer"><b class="s s${status.charAt(0)}">${status}</b><div><p>${inline(description)}</p>${detail}</div></div>`;
}

function renderReferenced(schema: Parameter['schema'] | undefined): string {
  if (schema === undefined) return '';
  return typeof schema.$ref === 'string' ? `<p class="type">${typeOf(schema)}</p>` : renderSchema(schema);
}

/** Renders the form of an operation. Returns an empty string for streams, because their responses do not end. */
function renderForm(method: string, path: string, { parameters = [], requestBody, responses }: Operation): string {
  if (responses['200']?.content?.['text/event-stream'] !== undefined) return '';
  const fields = parameters
    .filter((parameter) => parameter.in !== 'header')
    .map(
      ({ name, in: place, required }) =>
        `<label>${escapeHtml(name)}<input name="${escapeHtml(name)}" data-in="${place}"${required ? ' required' : ''} autocomplete="off"></label>`,
    );
  const type = escapeHtml(Object.keys(requestBody?.content ?? {})[0] ?? '');
  const body =
    requestBody === undefined
      ? ''
      : `<label class="wide">Body<textarea name="body" rows="6" data-type="${type}" spellcheck="false"></textarea></label>`;
  return `<form class="try" data-method="${method.toUpperCase()}" data-path="${escapeHtml(path)}"><h3>Try it</h3><div class="fields">${fields.join('')}${body}</div><button type="submit">Send</button><output hidden></output></form>`;
}
