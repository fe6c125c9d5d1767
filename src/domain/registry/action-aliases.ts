/** Maps aliases of actions to the ids under which the actions are registered. */
export const ACTION_ALIASES: Readonly<Record<string, string>> = { 'automation.notify_user': 'notification.send' };

/** Returns the id under which an action is registered. */
export function canonicalActionId(id: string): string {
  return Object.hasOwn(ACTION_ALIASES, id) ? (ACTION_ALIASES[id] ?? id) : id;
}
