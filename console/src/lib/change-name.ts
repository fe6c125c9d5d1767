/** The fields of a change that its name is made from. */
interface NamedChange {
  kind: string | null;
  event: string | null;
  customType: string | null;
  /** Events that triggers listen to; absent in lists that do not derive them. */
  events?: readonly string[];
}

/** Returns the name of a change: the type of a custom event, else the event, else the kind that changed. */
export function changeName({ kind, event, customType, events }: NamedChange): string | undefined {
  return customType ?? events?.[0] ?? event ?? (kind === null ? undefined : `${kind} changed`);
}

/** Returns the event that started a run: its own type for a custom event; null for a run by hand. */
export function runEvent({ customType, triggerEvent }: { customType: string | null; triggerEvent: string | null }) {
  return customType ?? triggerEvent;
}
