import { z } from 'zod';

const MAX_CHARACTERS = 200;

const shortened = (text: string) => (text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS - 1)}…`);
const Named = z.object({
  id: z.union([z.string(), z.number()]).optional(),
  runId: z.string().optional(),
  name: z.string().optional(),
  title: z.string().optional(),
});

/** Maximum number of automations that the audit row of a GitOps request lists. */
const MAX_NAMED = 50;
const Applied = z.object({
  results: z.array(z.object({ id: z.string().nullable(), name: z.string(), action: z.string() })),
});

/** A resource that a request created, for the audit row of the request. */
export interface CreatedResource {
  id?: string | number;
  name?: string;
}

/**
 * Returns the id and name (or title, at most 200 characters) of the created resource, or of all automations that a
 * GitOps request created. Other fields are not stored, because responses about tokens and hooks contain secrets.
 */
export function createdBy(body: unknown): { created?: CreatedResource | CreatedResource[] } {
  const made = Applied.safeParse(body).data?.results.filter(({ action }) => action === 'created') ?? [];
  if (made.length > 0)
    return { created: made.slice(0, MAX_NAMED).map(({ id, name }) => ({ ...(id && { id }), name })) };
  const found = Named.safeParse(body).data;
  const id = found?.id ?? found?.runId;
  const name = found?.name ?? found?.title;
  if (id === undefined && name === undefined) return {};
  return { created: { ...(id !== undefined && { id }), ...(name !== undefined && { name: shortened(name) }) } };
}
