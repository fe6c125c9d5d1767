/** The fields of a change from which its display name is derived. */
interface NamedChange {
  kind: string | null;
  event: string | null;
  customType: string | null;
  /** Events that triggers can receive from this change. Undefined if the endpoint does not derive them. */
  events?: readonly string[];
}

/**
 * Returns the display name of a change: the type of a custom event, otherwise the first event that triggers can
 * receive, otherwise the change's own event, otherwise `<kind> changed`. Returns undefined if all of these are absent.
 */
export function changeName({ kind, event, customType, events }: NamedChange): string | undefined {
  return customType ?? events?.[0] ?? event ?? (kind === null ? undefined : `${kind} changed`);
}

/**
 * Returns the event that started a run, or the type of a custom event. Returns null for a run that was started
 * manually.
 */
export function runEvent({ customType, triggerEvent }: { customType: string | null; triggerEvent: string | null }) {
  return customType ?? triggerEvent;
}
