/** The fields of a change that its display name is derived from. */
interface NamedChange {
  kind: string | null;
  event: string | null;
  customType: string | null;
  /** Events that the change means to triggers. Absent from lists that do not derive them. */
  events?: readonly string[];
}

/**
 * Returns the display name of a change: the type of a custom event, otherwise the event, otherwise "<kind> changed".
 */
export function changeName({ kind, event, customType, events }: NamedChange): string | undefined {
  return customType ?? events?.[0] ?? event ?? (kind === null ? undefined : `${kind} changed`);
}

/** Returns the event that started a run. For a custom event, returns its type. Returns null for a manual run. */
export function runEvent({ customType, triggerEvent }: { customType: string | null; triggerEvent: string | null }) {
  return customType ?? triggerEvent;
}
