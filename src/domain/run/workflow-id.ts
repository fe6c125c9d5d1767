import { sha256 } from '../sha256';
import type { ConcurrencyScope } from './bucket';

/**
 * Maximum length of a context key that appears unchanged in workflow ids and search attributes. SQL visibility allows
 * 255 characters.
 */
const MAX_KEY_LENGTH = 120;

/**
 * Returns a key for workflow ids and search attributes. A key of more than 120 characters is truncated, and a hash is
 * appended.
 */
export function shortKey(key: string): string {
  return key.length <= MAX_KEY_LENGTH ? key : `${key.slice(0, 80).toWellFormed()}~${sha256(key).slice(0, 32)}`;
}

/** Number of characters of the run id with which the workflow id of a `parallel` run ends. */
const RUN_DIGITS = 12;

/** Percent-encodes `%` and `/` in a part of an id, because `/` separates the parts. */
const encoded = (text: string): string => text.replaceAll('%', '%25').replaceAll('/', '%2F');

/** Returns a context key as a segment of an id. A missing key becomes `-`; the key `-` itself becomes `%2D`. */
function keyPart(key: string | null): string {
  if (key === null || key === '') return '-';
  return key === '-' ? '%2D' : encoded(shortKey(key));
}

/**
 * Returns the workflow id of a run. It is `<slug>` when all runs of the automation share a bucket, otherwise
 * `<slug>/<context key>`. With `parallel`, every run has a separate id, `<slug>/<context key>/<last 12 characters of
 * the run's id>`.
 */
export function runWorkflowId(
  { mode, scope, contextKey, id }: { mode: string; scope: ConcurrencyScope; contextKey: string | null; id: string },
  slug: string,
): string {
  if (mode === 'parallel') return `${slug}/${keyPart(contextKey)}/${id.slice(-RUN_DIGITS)}`;
  return scope === 'automation' ? slug : `${slug}/${keyPart(contextKey)}`;
}

/** Returns the part of a dwell timer's workflow id that follows the slug of the automation. */
export const dwellIdAfterSlug = (triggerId: string, contextKey: string | null): string =>
  `/${encoded(triggerId)}/${keyPart(contextKey)}/for`;

/** Returns the id of a trigger's Temporal Schedule. */
export const scheduleIdOf = (slug: string, triggerId: string): string => `${slug}/${encoded(triggerId)}`;

/**
 * Returns the id to use when another installation in the namespace already uses the desired id. Installations have
 * different task queues.
 */
export const idBesideOther = (id: string, taskQueue: string): string => `${id}@${taskQueue}`;
