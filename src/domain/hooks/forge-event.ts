import type { z } from 'zod';

/** A typed GitHub or GitLab event. */
export interface ForgeEvent {
  displayName: string;
  description: string;
  /** Schema of the vendor's body. It contains the fields that automations use most. Other fields are kept unchanged. */
  payload: z.ZodObject;
  /** Fields that a trigger's config may compare, with their paths in the body. */
  fields: Readonly<Record<string, string>>;
  /** Paths whose values, joined with `separator`, are the context key. */
  key: readonly string[];
  separator: ':' | '#';
  /** What the context key identifies. Used for display. */
  keyLabel: string;
}

/** A recognized event: its name without the vendor (`push`), its payload and its context key. */
export interface TypedEvent {
  event: string;
  payload: Record<string, unknown>;
  contextKey: string;
}

/** Returns the value at a path such as `workflow_run.name`, or undefined when it is absent. */
export function valueAt(payload: Record<string, unknown>, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (isMap(value) ? value[name] : undefined), payload);
}

/**
 * Returns the context key of a payload. It consists of the values at the event's key paths; absent values are left out.
 */
export function contextKeyOf({ key, separator }: ForgeEvent, payload: Record<string, unknown>): string {
  const parts = key.map((path) => valueAt(payload, path));
  return parts.filter((part) => typeof part === 'string' || typeof part === 'number').join(separator);
}

/**
 * Parses the body of a delivery as one of `events`. Returns null when the delivery is a different event, or when the
 * body does not match the event's schema.
 */
export function readForgeEvent(
  events: Readonly<Record<string, ForgeEvent>>,
  name: string,
  body: unknown,
): TypedEvent | null {
  const event = Object.hasOwn(events, name) ? events[name] : undefined;
  if (event === undefined || !isMap(body) || !event.payload.safeParse(body).success) return null;
  return { event: name, payload: body, contextKey: contextKeyOf(event, body) };
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
