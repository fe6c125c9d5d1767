import type { Change } from '../../domain/entities/change';
import { mainLabelsText } from '../../domain/entities/main-labels';

/** Maximum length of a name, in characters. */
const MAX_LENGTH = 120;

type State = Readonly<Record<string, unknown>>;

/**
 * Returns the display name of an entity: for an alert, its name and main labels, e.g.
 * `DiskFull {instance="db-1", severity="critical"}`; otherwise the title or name in its state. Returns null if it has
 * neither.
 */
export function nameOfEntity(kind: string, state: State): string | null {
  if (kind === 'alert') return nameOfAlert(state);
  return textIn(state, 'title') ?? textIn(state, 'name') ?? null;
}

/**
 * Returns the display name of the entity that changed, or the name of its system if the entity itself has no name.
 * Returns null if neither has a name, and for events.
 */
export function nameOfChange(change: Change): string | null {
  if (change.shape === 'event') return null;
  const name = nameOfEntity(change.kind, change.next ?? change.prev ?? {});
  return name ?? textIn(change.context ?? {}, 'systemName') ?? null;
}

function nameOfAlert(state: State): string | null {
  const labels = (state['labels'] ?? {}) as Record<string, unknown>;
  const text = [textIn(state, 'name'), mainLabelsText(labels)].filter((part) => part !== undefined).join(' ');
  return text === '' ? null : cut(text);
}

function textIn(state: State, field: string): string | undefined {
  const value = Object.hasOwn(state, field) ? state[field] : undefined;
  return typeof value === 'string' && value !== '' ? cut(value) : undefined;
}

const cut = (text: string): string => (text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text);
