import type { z } from 'zod';
import { parseJson } from '../domain/exact-json';
import type { ErrorCode } from '../domain/errors';
import { createMask } from '../domain/secrets/mask-values';
import type { Egress, EgressResponse } from '../edges/egress/egress';
import type { EgressTls } from '../edges/egress/tls';
import { httpFailure } from '../edges/egress/http-failure';
import { hideCredential } from '../edges/egress/secrets-of-call';
import type { ConnectionCall } from './connections/connection-type';
import { plainPath } from './plain-path';
import { ProviderFailure } from './provider-failure';

/** A request to a vendor's HTTP API. */
export interface VendorRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is a string or bytes. Strings and bytes need an explicit `Content-Type` header. */
  body?: unknown;
  /** Names of headers, other than `Authorization`, that contain credentials. */
  sensitiveHeaders?: readonly string[];
  /** Whether the body contains credentials, as in a request for a token. Default: false. */
  sensitiveBody?: boolean;
  /**
   * Credentials to mask in addition to the connection's secrets, such as a token that was obtained with them. They are
   * masked in everything that the call and its run write.
   */
  hide?: readonly string[];
  maxResponseBytes?: number;
  tls?: EgressTls;
  /** Whether the response is plain text, such as a log, instead of JSON. */
  isText?: boolean;
  /** Statuses to retry in addition to 408, 425, 429 and 5xx. */
  retryOnStatus?: readonly number[];
}

/**
 * Sends a request to a path below the base path of a vendor's API.
 * @throws {ProviderFailure} with the vendor's message
 */
export type VendorApi<Config, Method extends VendorRequest['method'] = 'GET' | 'POST'> = <T extends z.ZodType>(
  config: Config,
  call: ConnectionCall,
  request: { method: Method; path: string; body?: unknown },
  answer: T,
) => Promise<z.output<T>>;

/** A vendor's response with a 2xx status. */
export interface VendorAnswer<T> {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: T;
}

export interface VendorFacts {
  /** Vendor name to use in messages. */
  name: string;
  /** Returns the vendor's message from an error response, or undefined if it has none. */
  explain(json: unknown, response: EgressResponse): string | undefined;
  /**
   * Classifies an error response that cannot be classified by its status alone. If it returns undefined, the status
   * decides.
   */
  classify?(
    json: unknown,
    response: EgressResponse,
  ): { code?: ErrorCode; retryable?: boolean; retryAfterMs?: number } | undefined;
}

/** Sends requests to one vendor, through the egress guard. */
export interface VendorClient {
  /**
   * Sends a request and returns the response.
   * @throws {ProviderFailure} with the vendor's message; `provider_failed` when a response cannot be read
   */
  <T extends z.ZodType>(call: ConnectionCall, request: VendorRequest, answer: T): Promise<VendorAnswer<z.output<T>>>;
}

/** Creates a client of a JSON API over HTTP. Failures contain the vendor's masked message. */
export function createVendorClient(egress: Egress, vendor: VendorFacts): VendorClient {
  return async ({ signal, timeoutMs, now }, request, answer) => {
    const { method, url, headers, body, sensitiveHeaders, sensitiveBody = false, maxResponseBytes, tls } = request;
    for (const value of request.hide ?? []) await hideCredential(value);
    const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
    const response = await egress.send({
      ...{ method, url: plainPath(url), signal, timeoutMs },
      headers: { Accept: 'application/json', ...(!isRaw && { 'Content-Type': 'application/json' }), ...headers },
      body: isRaw ? body : JSON.stringify(body),
      ...(sensitiveHeaders && { sensitiveHeaders }),
      sensitiveBody,
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
      `The response of ${vendor.name} to ${method} ${path} has an unexpected format.`,
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

/** Returns the parsed JSON of a body, or null if the body is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
