import type { Change } from '../../domain/entities/change';

/** Labels that best identify an alert, in order of preference. */
const MAIN_LABELS = ['instance', 'host', 'hostname', 'system', 'service', 'job', 'namespace', 'pod', 'severity'];
/** Maximum number of labels in the name of an alert. */
const MAX_LABELS = 3;
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
  const name = textIn(state, 'name');
  const others = Object.keys(labels).filter((label) => label !== 'alertname');
  const isMain = (label: string) => MAIN_LABELS.includes(label);
  const inOrder = [
    ...MAIN_LABELS.filter((label) => Object.hasOwn(labels, label)),
    ...others.filter((l) => !isMain(l)).sort(),
  ];
  const main = inOrder.slice(0, MAX_LABELS).map((label) => `${label}=${JSON.stringify(labels[label])}`);
  const suffix = main.length === 0 ? '' : `{${main.join(', ')}}`;
  const text = [name, suffix].filter((part) => part !== undefined && part !== '').join(' ');
  return text === '' ? null : cut(text);
}

function textIn(state: State, field: string): string | undefined {
  const value = Object.hasOwn(state, field) ? state[field] : undefined;
  return typeof value === 'string' && value !== '' ? cut(value) : undefined;
}

const cut = (text: string): string => (text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH - 1)}…` : text);
