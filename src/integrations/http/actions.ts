import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { parseJson } from '../../domain/exact-json';
import { messageOf } from '../../domain/errors';
import { evaluate } from '../../domain/expressions/evaluate';
import { checkExpressionField } from '../../domain/expressions/expression-field';
import { parseBareExpression } from '../../domain/expressions/template';
import { truthy } from '../../domain/expressions/truthy';
import type { EgressResponse } from '../../edges/egress/egress';
import { httpFailure } from '../../edges/egress/http-failure';
import type { ActionResult, CallContext, CallingAction } from '../contract';
import { ProviderFailure } from '../provider-failure';
import { HttpConnection, RequestFields, type HttpClient } from './client';
import { readJsonPath } from './json-path';
import { firstPage, itemsOf, nextPage, Pagination, type PageRequest } from './pagination';

const Text = z.string().trim().min(1);
/**
 * Default timeout in milliseconds for a single request, and the timeout for each request of a poll or a paginated list.
 */
const TIMEOUT_MS = 30_000;
/** Timeout in milliseconds for reading all pages of a list. */
const PAGES_TIMEOUT_MS = 300_000;
/** Maximum length in characters of a body that is stored with the step. */
const MAX_BODY = 200_000;

const Response = z.object({ status: z.int(), body: z.unknown(), outputs: z.record(z.string(), z.unknown()) });
type Response = z.infer<typeof Response>;
const produces = { name: 'response', schema: Response };

const Status = z.int().min(100).max(599);
const RequestConfig = z.strictObject({
  connectionId: Text,
  ...RequestFields,
  expectedStatus: z
    .union([Status, z.array(Status).min(1)])
    .optional()
    .describe('Default: every 2xx'),
  outputs: z.record(z.string(), Text).optional().describe('Output names with their JSON paths, such as $.items[0].id'),
  pagination: Pagination.optional().describe('Reads all pages of a list; the body is then the list of all items'),
});
type RequestConfig = z.infer<typeof RequestConfig>;

/** Creates the action `integration-http.request`. Every attempt carries the same `Idempotency-Key` header. */
export function createRequest(client: HttpClient): CallingAction<RequestConfig> {
  return {
    id: 'request',
    displayName: 'HTTP request',
    description: 'Sends a request to an HTTP API and reads values from the response.',
    configSchema: RequestConfig,
    connection: 'http',
    produces,
    execution: 'call',
    // Also called before templates are rendered, so a field may still contain a template.
    timeoutMs: ({ pagination }) => (pagination === undefined ? TIMEOUT_MS : PAGES_TIMEOUT_MS),
    async execute(context) {
      const { config, now, idempotencyKey } = context;
      if (config.pagination !== undefined) return readPages(client, context, config.pagination);
      const response = await send(client, context, idempotencyKey, {}, context.timeoutMs);
      const artifact = read(response, config.outputs ?? {}, context);
      if (isExpected(response.status, config.expectedStatus)) return { output: artifact, artifact };
      throw httpFailure(response, { now, output: artifact });
    },
  };
}

/** Reads all pages in sequence. If a page fails, the step fails, and its next attempt starts with the first page. */
async function readPages(
  client: HttpClient,
  context: CallContext<RequestConfig>,
  how: Pagination,
): Promise<ActionResult> {
  const { config, now, idempotencyKey, mask, note } = context;
  if (config.method !== 'GET') {
    throw new ProviderFailure('config_invalid', 'pagination needs the method GET.', { retryable: false });
  }
  const all: unknown[] = [];
  const asked = new Set<string>();
  let page: PageRequest | null = firstPage(how);
  let status = 200;
  for (let number = 1; page !== null; number += 1) {
    if (number > how.maxPages) {
      note(`Stopped after ${how.maxPages} pages with ${all.length} items: there are more (pagination.maxPages).`);
      break;
    }
    const mark = JSON.stringify(page);
    if (asked.has(mark)) {
      throw new ProviderFailure('provider_failed', 'The response refers to a page that was already read.', {
        retryable: false,
      });
    }
    asked.add(mark);
    const response = await send(client, context, `${idempotencyKey}:${number}`, page);
    const value = valueOf(mask(response.body));
    if (!isExpected(response.status, config.expectedStatus)) {
      throw httpFailure(response, { now, output: read(response, {}, context) });
    }
    const items = itemsOf(how, value);
    all.push(...items);
    status = response.status;
    page = nextPage(how, { response, value, items, total: all.length, number });
  }
  const artifact = kept(status, all, JSON.stringify(all).length, config.outputs ?? {}, note);
  return { output: artifact, artifact };
}

const isExpected = (status: number, expected: RequestConfig['expectedStatus']): boolean =>
  expected === undefined ? status >= 200 && status <= 299 : [expected].flat().includes(status);

const PollConfig = z.strictObject({
  connectionId: Text,
  ...RequestFields,
  outputs: RequestConfig.shape.outputs,
  every_seconds: z.number().min(1).max(3_600).default(10),
  until: Text.superRefine(checkExpressionField)
    .meta({ 'x-code': true, 'x-names': ['response'] })
    .describe('Expression over response {status, body, outputs}'),
  timeout_seconds: z.number().min(1).max(86_400).default(600),
});
type PollConfig = z.infer<typeof PollConfig>;
const Progress = z.object({ startedAt: z.number() });

/**
 * Creates the action `integration-http.poll_until`. Its timeout is measured from the first attempt, even after a crash.
 */
export function createPollUntil(client: HttpClient): CallingAction<PollConfig> {
  return {
    id: 'poll_until',
    displayName: 'Poll HTTP until',
    description: 'Repeats a request until an expression over the response is true.',
    configSchema: PollConfig,
    connection: 'http',
    produces,
    execution: 'call',
    // Also called before templates are rendered, so a field may still contain a template.
    timeoutMs: ({ timeout_seconds: seconds }) => (typeof seconds === 'number' ? seconds * 1_000 : 600_000) + TIMEOUT_MS,
    async execute(context) {
      const { config, signal, now, idempotencyKey, progress } = context;
      const known = Progress.safeParse(await progress.read());
      const startedAt = known.success ? known.data.startedAt : now.getTime();
      if (!known.success) await progress.write({ startedAt });
      // `now` and `startedAt` are times of the database's clock, which may differ from that of this machine.
      const began = performance.now();
      const clock = () => new Date(now.getTime() + performance.now() - began);
      const condition = conditionOf(config.until, clock);
      const end = began + startedAt - now.getTime() + config.timeout_seconds * 1_000;
      for (let poll = 1; ; poll += 1) {
        const response = await send(client, context, `${idempotencyKey}:${poll}`);
        const artifact = read(response, config.outputs ?? {}, context);
        if (condition(artifact)) return { output: artifact, artifact };
        if (performance.now() + config.every_seconds * 1_000 > end) {
          const message = `Timed out after ${config.timeout_seconds} s waiting until ${config.until}; the last status was ${response.status}.`;
          throw new ProviderFailure('timeout', message, { retryable: false, output: artifact });
        }
        await pause(config.every_seconds * 1_000, undefined, { signal });
      }
    },
  };
}

/**
 * Returns a function that evaluates an expression over a response, with the time of `clock` as the current time.
 * @throws {ProviderFailure} config_invalid for an expression that cannot be evaluated
 */
function conditionOf(source: string, clock: () => Date): (response: Response) => boolean {
  const { expression } = parseBareExpression(source);
  return (response) => {
    try {
      return truthy(evaluate(expression, { response }, { now: clock() }));
    } catch (error) {
      const message = `until: ${messageOf(error)}`;
      throw new ProviderFailure('config_invalid', message, { retryable: false, cause: error });
    }
  };
}

function send(
  client: HttpClient,
  { config, connection, now, signal }: CallContext<RequestConfig | PollConfig>,
  idempotencyKey: string,
  page: PageRequest = {},
  timeoutMs = TIMEOUT_MS,
): Promise<EgressResponse> {
  const { method, path, body } = config;
  const call = { now, signal, timeoutMs };
  // The URL of the next page already contains the query parameters of the first request if the API needs them.
  const query = page.url === undefined ? { ...config.query, ...page.query } : undefined;
  const request = { method, path, query, body, url: page.url };
  return client(HttpConnection.parse(connection), call, request, idempotencyKey);
}

function read(
  response: EgressResponse,
  paths: Record<string, string>,
  { mask, note }: Pick<CallContext<unknown>, 'mask' | 'note'>,
): Response {
  const text = mask(response.body);
  return kept(response.status, valueOf(text), text.length, paths, note);
}

/**
 * Returns the part of a response to store: the values at the configured JSON paths, and the body unless it is too
 * large.
 */
function kept(
  status: number,
  value: unknown,
  length: number,
  paths: Record<string, string>,
  note: (text: string) => void,
): Response {
  const outputs = Object.entries(paths).map(([name, path]) => [name, readJsonPath(value, path)]);
  const isLarge = length > MAX_BODY;
  if (isLarge) note(`The body was left out: it has ${length} characters, and ${MAX_BODY} are kept. Use outputs.`);
  return { status, body: isLarge ? null : value, outputs: Object.fromEntries(outputs) as Response['outputs'] };
}

/** Returns a body parsed as JSON, or as text if it is not JSON. */
function valueOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}
