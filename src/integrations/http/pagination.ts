import { z } from 'zod';
import type { EgressResponse } from '../../edges/egress/egress';
import { ProviderFailure } from '../provider-failure';
import { readJsonPath } from './json-path';

const Text = z.string().trim().min(1);
const common = {
  items: Text.default('$').describe('JSON path of the list in each response'),
  maxPages: z.int().min(1).max(100).default(10),
};

/** How an API splits a list into pages. */
export const Pagination = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('link').describe('Link header with rel="next", as GitHub and GitLab send it'),
    ...common,
  }),
  z.strictObject({
    type: z.literal('url').describe('The response contains the address of the next page'),
    ...{ next: Text.describe('JSON path of the address, absolute or relative'), ...common },
  }),
  z.strictObject({
    type: z.literal('cursor').describe('The response contains a cursor for the next request'),
    next: Text.describe('JSON path of the cursor'),
    ...{ parameter: Text.default('cursor').describe('Query parameter of the cursor'), ...common },
  }),
  z.strictObject({
    type: z.literal('page').describe('Pages are numbered; an empty one, or one shorter than size, is the last'),
    parameter: Text.default('page'),
    start: z.int().min(0).default(1),
    size: z.int().min(1).optional().describe('Number of items on a full page'),
    ...common,
  }),
  z.strictObject({
    type: z.literal('offset').describe('Requests contain the number of items to skip'),
    parameter: Text.default('offset'),
    size: z.int().min(1).optional().describe('Number of items on a full page'),
    ...common,
  }),
]);
export type Pagination = z.infer<typeof Pagination>;

/** How the request for a page differs from the first request. */
export interface PageRequest {
  /** URL of the page. If absent, the URL of the first request. */
  url?: string;
  query?: Record<string, string | number>;
}

/** A page that was read. */
interface Page {
  response: EgressResponse;
  /** The parsed body of the page. */
  value: unknown;
  items: readonly unknown[];
  /** Total number of items read so far. */
  total: number;
  /** Page number, starting at 1. */
  number: number;
}

/**
 * Returns the items of a page.
 * @throws {ProviderFailure} provider_failed when the page contains no list
 */
export function itemsOf({ items: path }: Pagination, value: unknown): readonly unknown[] {
  const found = path === '$' ? value : readJsonPath(value, path);
  if (Array.isArray(found)) return found as unknown[];
  throw new ProviderFailure('provider_failed', `The response has no list at ${path} (pagination.items).`, {
    retryable: false,
  });
}

/** Returns the pagination fields of the first request. */
export function firstPage(how: Pagination): PageRequest {
  return how.type === 'page' ? { query: { [how.parameter]: how.start } } : {};
}

/** Returns the request for the page that follows the given page, or null after the last page. */
export function nextPage(how: Pagination, { response, value, items, total, number }: Page): PageRequest | null {
  if (how.type === 'link') return addressed(nextLink(response.headers['link'] ?? ''), response.url);
  if (how.type === 'url') return addressed(cursorOf(value, how.next), response.url);
  if (how.type === 'cursor') {
    const cursor = cursorOf(value, how.next);
    return cursor === null ? null : { query: { [how.parameter]: cursor } };
  }
  if (items.length === 0 || items.length < (how.size ?? 0)) return null;
  return { query: { [how.parameter]: how.type === 'page' ? how.start + number : total } };
}

function cursorOf(value: unknown, path: string): string | null {
  const found = readJsonPath(value, path);
  if (typeof found === 'number') return String(found);
  return typeof found === 'string' && found !== '' ? found : null;
}

function addressed(next: string | null, from: string): PageRequest | null {
  if (next === null) return null;
  if (URL.canParse(next, from)) return { url: new URL(next, from).href };
  throw new ProviderFailure('provider_failed', 'The address of the next page is not valid.', { retryable: false });
}

/** Returns the `rel="next"` URL of a Link header, or null: https://www.rfc-editor.org/rfc/rfc8288#section-3 */
function nextLink(header: string): string | null {
  for (const [, address = '', parameters = ''] of header.matchAll(/<([^<>]*)>([^<]*)/g)) {
    const relations = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters);
    const names = (relations?.[1] ?? relations?.[2] ?? '').toLowerCase().split(/\s+/);
    if (names.includes('next')) return address;
  }
  return null;
}
