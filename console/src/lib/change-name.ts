/** What the API says about a change of which a name can be made. */
interface Named {
  kind: string | null;
  event: string | null;
  customType: string | null;
  events: readonly string[];
}

/** A change in words: of a custom event its own type, else the event, else the kind that changed. */
export function changeName({ kind, event, customType, events }: Named): string | undefined {
  return customType ?? events[0] ?? event ?? (kind === null ? undefined : `${kind} changed`);
}
