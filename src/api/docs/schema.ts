import type { JsonSchema } from '../openapi/schema';
import { escapeHtml, inline } from './html';

/**
 * Maximum nesting depth to render. Parts nested more deeply are left out, unless they are named schemas, which are
 * linked.
 */
const MAX_DEPTH = 6;

/** Renders a JSON Schema as a tree of its properties. */
export function renderSchema(schema: JsonSchema, depth = 0): string {
  if (depth > MAX_DEPTH) return '';
  const { properties, items, additionalProperties } = schema;
  const variants = variantsOf(schema);
  const parts: string[] = [];
  if (isObject(properties)) {
    const required = new Set(Array.isArray(schema.required) ? schema.required : []);
    const rows = Object.entries(properties).map(([name, part]) =>
      isObject(part) ? renderProperty(name, part, required.has(name), depth) : '',
    );
    parts.push(`<ul class="props">${rows.join('')}</ul>`);
  } else if (depth === 0 && variants.length === 0) {
    parts.push(`<p class="type">${typeOf(schema)}</p>`);
  }
  if (isObject(items)) parts.push(renderNested(items, depth));
  if (isObject(additionalProperties)) parts.push(renderNested(additionalProperties, depth));
  for (const variant of variants) parts.push(renderNested(variant, depth));
  return parts.join('');
}

function renderNested(schema: JsonSchema, depth: number): string {
  const inner = renderSchema(schema, depth + 1);
  return inner === '' ? '' : `<div class="nested">${inner}</div>`;
}

function renderProperty(name: string, schema: JsonSchema, required: boolean, depth: number): string {
  const description = typeof schema.description === 'string' ? `<p>${inline(schema.description)}</p>` : '';
  const fallback =
    schema.default === undefined ? '' : ` <span class="default">= ${escapeHtml(JSON.stringify(schema.default))}</span>`;
  const mark = required ? '<i title="required">*</i>' : '';
  return `<li><code>${escapeHtml(name)}</code>${mark} <span class="type">${typeOf(schema)}</span>${fallback}${description}${renderSchema(schema, depth + 1)}</li>`;
}

/** Renders a type in a few words. Named schemas become links. */
export function typeOf(schema: JsonSchema): string {
  const { $ref, type, items, enum: values, const: constant } = schema;
  if (typeof $ref === 'string') {
    const name = escapeHtml($ref.split('/').at(-1) ?? '');
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (constant !== undefined) return `<code>${escapeHtml(JSON.stringify(constant))}</code>`;
  if (Array.isArray(values)) return values.map((value) => `<code>${escapeHtml(String(value))}</code>`).join(' ');
  const variants = variantsOf(schema);
  if (variants.length > 0) return [...new Set(variants.map(typeOf))].join(' or ');
  if (type === 'array') return `list of ${isObject(items) ? typeOf(items) : 'anything'}`;
  const format = typeof schema.format === 'string' ? ` (${escapeHtml(schema.format)})` : '';
  return typeof type === 'string' ? `${escapeHtml(type)}${format}` : 'anything';
}

function variantsOf({ anyOf, oneOf }: JsonSchema): JsonSchema[] {
  const found: unknown = anyOf ?? oneOf;
  return Array.isArray(found) ? found.filter(isObject) : [];
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
