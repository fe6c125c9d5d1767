import { z } from 'zod';
import { messageOf } from '../../../domain/errors';
import type { ConnectionCall } from '../../connections/connection-type';
import { ProviderFailure } from '../../provider-failure';
import type { KubernetesClient, KubernetesConnection, KubernetesWatch } from '../client';
import { isStatus } from '../resources';
import { isLater, KubeEvent } from './event';

/** Seconds after which the server ends a watch. The next watch resumes where it ended. */
const WATCH_SECONDS = 240;
const TIMEOUT_MS = (WATCH_SECONDS + 30) * 1_000;
const LIST_TIMEOUT_MS = 30_000;
const PAGE = 500;
/** Maximum length in characters of a line in a watch response. Objects are at most 1.5 MB in size. */
const MAX_LINE = 4_000_000;

/** Thrown when the server no longer has the changes since the resource version. The events must then be listed. */
export class Expired extends Error {
  override readonly name = 'Expired';
}

/** A batch of events. `to` is the resource version up to which the events are complete. */
export interface Batch {
  events: KubeEvent[];
  to: string;
}

export interface Source {
  kubernetes: KubernetesClient;
  watch: KubernetesWatch;
  config: KubernetesConnection;
  /** Empty for all namespaces. */
  namespace: string;
  signal: AbortSignal;
  now: Date;
}

const pathOf = (namespace: string): string =>
  namespace === '' ? '/api/v1/events' : `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;

const Page = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string(), continue: z.string().nullish() }),
  items: z.array(z.unknown()),
});

/**
 * Lists the events after a resource version, sorted from oldest to newest. If `after` is null, returns only the current
 * version and no events.
 * @throws {Expired} when the list expired on the server before all pages were read
 */
export async function listEvents(source: Source, after: string | null): Promise<Batch> {
  const { kubernetes, config, namespace, signal, now } = source;
  const call: ConnectionCall = { signal, now, timeoutMs: LIST_TIMEOUT_MS };
  const events: KubeEvent[] = [];
  let to = '';
  let next: string | undefined;
  do {
    // One item is enough to get the current version.
    const limit = String(after === null ? 1 : PAGE);
    const query = { limit, ...(next !== undefined && { continue: next }) };
    const request = { method: 'GET', path: pathOf(namespace), query } as const;
    const page = await kubernetes(config, call, request, Page).catch((error: unknown) => {
      if (isStatus(error, 410)) throw new Expired('The list has expired.', { cause: error });
      throw error;
    });
    if (to === '') to = page.metadata.resourceVersion;
    if (after === null) return { events: [], to };
    const read = page.items.flatMap((item) => KubeEvent.safeParse(item).data ?? []);
    events.push(...read.filter(({ metadata }) => isLater(metadata.resourceVersion, after)));
    next = page.metadata.continue ?? undefined;
  } while (next !== undefined && next !== '');
  events.sort((a, b) => (isLater(a.metadata.resourceVersion, b.metadata.resourceVersion) ? 1 : -1));
  return { events, to };
}

const Line = z.looseObject({ type: z.string(), object: z.looseObject({}) });
const Versioned = z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string() }) });
const Failure = z.looseObject({
  code: z.int().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

/**
 * Watches the changes after a resource version until the server ends the watch. Passes batches of changes to `onBatch`
 * in order, and waits for the promise of `onBatch` before it reads more. Deletions (events expire after an hour) and
 * bookmarks only advance the version.
 * @throws {Expired} when the server no longer has the changes (410)
 */
export async function watchEvents(
  { watch, config, namespace, signal, now }: Source,
  after: string,
  onBatch: (batch: Batch) => Promise<void>,
): Promise<void> {
  let rest = '';
  const query = {
    ...{ watch: 'true', resourceVersion: after, allowWatchBookmarks: 'true' },
    timeoutSeconds: String(WATCH_SECONDS),
  };
  const onText = async (text: string): Promise<void> => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE) throw unreadable();
    const batch = batchOf(lines.filter((line) => line.trim() !== ''));
    if (batch.to !== '') await onBatch({ events: batch.events, to: batch.to });
    if (batch.failure !== undefined) throw batch.failure;
  };
  try {
    await watch(config, { signal, now, timeoutMs: TIMEOUT_MS }, { path: pathOf(namespace), query, onText });
  } catch (error) {
    // A cluster restored from a backup has lower versions than before. It answers 504 for versions that it has not
    // reached yet.
    const isTooLarge = isStatus(error, 504) && /Too large resource version/i.test(messageOf(error));
    if (isStatus(error, 410) || isTooLarge) throw new Expired('The watch has expired.', { cause: error });
    throw error;
  }
}

/** Parses lines of a watch response. Lines before an error are part of the batch. */
function batchOf(lines: readonly string[]): Batch & { failure?: Error } {
  const events: KubeEvent[] = [];
  let to = '';
  for (const line of lines) {
    const parsed = Line.safeParse(jsonOf(line));
    if (!parsed.success) return { events, to, failure: unreadable() };
    const { type, object } = parsed.data;
    if (type === 'ERROR') return { events, to, failure: failureOf(object) };
    const version = Versioned.safeParse(object).data?.metadata.resourceVersion;
    if (version === undefined) return { events, to, failure: unreadable() };
    to = version;
    const event = type === 'ADDED' || type === 'MODIFIED' ? KubeEvent.safeParse(object).data : undefined;
    if (event !== undefined) events.push(event);
  }
  return { events, to };
}

function failureOf(object: unknown): Error {
  const { code, reason, message = 'no reason was given' } = Failure.safeParse(object).data ?? {};
  if (code === 410 || reason === 'Expired' || reason === 'Gone') return new Expired(message);
  return new ProviderFailure('provider_failed', `Kubernetes ended the watch: ${message}`, { retryable: true });
}

const unreadable = (): ProviderFailure =>
  new ProviderFailure('provider_failed', 'A watch of Kubernetes sent an event with an unexpected format.', {
    retryable: true,
  });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
