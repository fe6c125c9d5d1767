import type { z } from 'zod';
import { parseJson } from '../domain/exact-json';
import type { ErrorCode } from '../domain/errors';
import { createMask } from '../domain/secrets/mask-values';
import type { Egress, EgressResponse } from '../edges/egress/egress';
import type { EgressTls } from '../edges/egress/tls';
import { httpFailure } from '../edges/egress/http-failure';
import type { ConnectionCall } from './connections/connection-type';
import { plainPath } from './plain-path';
import { ProviderFailure } from './provider-failure';

/** A request to a vendor's HTTP API. */
export interface VendorRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is a text or bytes, which need their own Content-Type. */
  body?: unknown;
  /** Headers with credentials besides Authorization. */
  sensitiveHeaders?: readonly string[];
  /** Credentials in other forms than the connection's secrets, such as a token that was exchanged for them. */
  hide?: readonly string[];
  maxResponseBytes?: number;
  tls?: EgressTls;
  /** Whether the answer is a text, such as a log, instead of JSON. */
  isText?: boolean;
  /** Statuses to retry besides 408, 425, 429 and 5xx. */
  retryOnStatus?: readonly number[];
}

/** Sends a request below the base path of a vendor's API. @throws {ProviderFailure} with the vendor's message */
export type VendorApi<Config, Method extends VendorRequest['method'] = 'GET' | 'POST'> = <T extends z.ZodType>(
  config: Config,
  call: ConnectionCall,
  request: { method: Method; path: string; body?: unknown },
  answer: T,
) => Promise<z.output<T>>;

/** A vendor's answer with a 2xx status. */
export interface VendorAnswer<T> {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: T;
}

export interface VendorFacts {
  /** Name of the vendor in messages. */
  name: string;
  /** Returns the vendor's message in an error answer; undefined when it has none. */
  explain(json: unknown, response: EgressResponse): string | undefined;
  /** Classifies an error answer whose status is not sufficient. */
  classify?(
    json: unknown,
    response: EgressResponse,
  ): { code?: ErrorCode; retryable?: boolean; retryAfterMs?: number } | undefined;
}

/** Sends requests to one vendor, through the egress guard. */
export interface VendorClient {
  /** @throws {ProviderFailure} with the vendor's message; `provider_failed` when an answer cannot be read */
  <T extends z.ZodType>(call: ConnectionCall, request: VendorRequest, answer: T): Promise<VendorAnswer<z.output<T>>>;
}

/** Creates a client of JSON over HTTP whose failures contain the vendor's message, masked. */
export function createVendorClient(egress: Egress, vendor: VendorFacts): VendorClient {
  return async ({ signal, timeoutMs, now }, request, answer) => {
    const { method, url, headers, body, sensitiveHeaders, maxResponseBytes, tls } = request;
    const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
    const response = await egress.send({
      ...{ method, url: plainPath(url), signal, timeoutMs },
      headers: { Accept: 'application/json', ...(!isRaw && { 'Content-Type': 'application/json' }), ...headers },
      body: isRaw ? body : JSON.stringify(body),
      ...(sensitiveHeaders && { sensitiveHeaders }),
      ...(maxResponseBytes && { maxResponseBytes }),
      ...(tls && { tls }),
    });
    const json = jsonOf(response.body);
    if (response.status < 200 || response.status > 299) throw failureOf(vendor, response, json, request, now);
    const parsed = answer.safeParse(request.isText === true ? response.body : json);
    if (parsed.success) return { status: response.status, headers: response.headers, body: parsed.data };
    const path = URL.canParse(url) ? new URL(url).pathname : '';
    throw new ProviderFailure(
      'provider_failed',
      `The answer of ${vendor.name} to ${method} ${path} has an unexpected format.`,
      {
        retryable: false,
        cause: parsed.error,
      },
    );
  };
}

function failureOf(
  vendor: VendorFacts,
  response: EgressResponse,
  json: unknown,
  { hide = [], retryOnStatus = [] }: VendorRequest,
  now: Date,
): ProviderFailure {
  const plain = httpFailure(response, { now, retryOnStatus });
  const said = vendor.explain(json, response);
  const classified = vendor.classify?.(json, response);
  const text = said === undefined || said === '' ? plain.message : `${plain.message} ${vendor.name} says: ${said}`;
  return new ProviderFailure(classified?.code ?? 'http_status', createMask([...hide])(text), {
    status: plain.status,
    retryable: classified?.retryable ?? plain.retryable,
    retryAfterMs: classified?.retryAfterMs ?? plain.retryAfterMs,
  });
}

/** Returns the JSON of a body; null when it has none. */
export function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
