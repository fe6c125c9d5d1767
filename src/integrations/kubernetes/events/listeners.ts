import { connectionsNamed, type ConnectionRow } from '../../../db/connections';
import type { Executor } from '../../../db/executor';
import { eventListeners, type EventListener } from '../../../db/kubernetes-watches';

interface Listened {
  row: ConnectionRow;
  listeners: EventListener[];
}

/**
 * Returns the Kubernetes connections that triggers refer to, each with its triggers. Triggers that name no connection,
 * or an ambiguous name, are left out.
 */
export async function listenersByConnection(db: Executor): Promise<Map<string, Listened>> {
  const found = new Map<string, Listened>();
  for (const listener of await eventListeners(db)) {
    const [row, other] = await connectionsNamed(db, listener.connection);
    if (row === undefined || other !== undefined || row.type !== 'kubernetes') continue;
    const known = found.get(row.id) ?? { row, listeners: [] };
    known.listeners.push(listener);
    found.set(row.id, known);
  }
  return found;
}
