import { parseJson } from '../../domain/exact-json';
import { z } from 'zod';
import { toStorable } from '../../domain/entities/storable';
import type { Mask } from '../../domain/secrets/mask-values';

const MAX_CHARACTERS = 10_000;

/** The receiver's response. */
export const Delivery = z.object({
  url: z.string(),
  status: z.int(),
  /** Top-level `id` of a JSON response. */
  externalId: z.string().optional(),
  responseBody: z.string().max(MAX_CHARACTERS),
});
export type Delivery = z.infer<typeof Delivery>;

/**
 * Creates the result of a request to `url` from the receiver's response. `url` is the URL as configured, before
 * redirects.
 */
export function deliveryOf(url: string, { status, body }: { status: number; body: string }, mask: Mask): Delivery {
  const externalId = externalIdOf(body, mask);
  // Mask before cutting, because a secret that has been cut would not be recognised.
  const responseBody = toStorable(mask(body).slice(0, MAX_CHARACTERS));
  return { url, status, ...(externalId !== undefined && { externalId }), responseBody };
}

function externalIdOf(body: string, mask: Mask): string | undefined {
  if (!/^\s*\{/.test(body)) return undefined;
  try {
    const answer = parseJson(body);
    const { id } = Object(answer) as { id?: unknown };
    if (typeof id === 'string') return toStorable(mask(id).slice(0, MAX_CHARACTERS));
    if (typeof id === 'number') return String(id);
  } catch {
    return undefined;
  }
  return undefined;
}
