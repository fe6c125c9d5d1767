import { startsWith, valueAt, type Knowledge } from './schema-walk';
import { placeAt, scanYaml, type Entry, type Path } from './yaml-place';

/** A field whose values come from the connection's product, e.g. a channel, a project or a service. */
export interface RemoteField {
  connectionId: string;
  connectionName: string;
  field: string;
  /**
   * The other plain values in the same config. They narrow the choices: for example, issue types depend on the project.
   */
  given: Readonly<Record<string, string>>;
  /** Offset at which the value begins, after any opening quote. */
  from: number;
}

/**
 * Returns the remote field at an offset. Returns undefined if there is no such field, if the step does not name an
 * existing connection, if the connection's type lists no values for the field, or if a template begins before the
 * offset.
 */
export function remoteFieldAt(text: string, offset: number, knowledge: Knowledge): RemoteField | undefined {
  const place = placeAt(text, offset);
  const config = place.path.lastIndexOf('config');
  const field = place.path[config + 1];
  if (config < 0 || typeof field !== 'string' || place.prefix.includes('{{')) return undefined;
  const isItem = place.kind === 'key' && typeof place.path.at(-1) === 'number';
  if (place.kind !== 'value' && !isItem) return undefined;
  const entries = scanYaml(text);
  const step = place.path.slice(0, config);
  const connection = connectionOf(step, knowledge, entries);
  const type = knowledge.connectionTypes.find(({ id }) => id === connection?.type);
  if (connection === undefined || type?.options.includes(field) !== true) return undefined;
  const quote = /^["']/.exec(place.prefix)?.[0] ?? '';
  return {
    ...{ connectionId: connection.id, connectionName: connection.name, field, from: place.from + quote.length },
    given: scalarsOf([...step, 'config'], entries, field),
  };
}

/** Returns the connection that a step refers to by id or name, if the step's action accepts its type. */
function connectionOf(step: Path, knowledge: Knowledge, entries: readonly Entry[]) {
  const action = knowledge.actions.find(({ id }) => id === valueAt(entries, [...step, 'action']));
  const name = valueAt(entries, [...step, 'config', action?.connectionField ?? 'connectionId']);
  return knowledge.connections.find(
    (each) =>
      (each.id === name || each.name === name) && (action?.connection == null || each.type === action.connection),
  );
}

/**
 * Returns the scalar values of a config, except for one field. Templates are left out, because they have no value until
 * a run renders them.
 */
function scalarsOf(config: Path, entries: readonly Entry[], except: string): Record<string, string> {
  const given: Record<string, string> = {};
  for (const { path } of entries) {
    const name = path.at(-1);
    if (path.length !== config.length + 1 || typeof name !== 'string' || name === except) continue;
    if (!startsWith(path, config)) continue;
    const value = valueAt(entries, path);
    if (value !== undefined && !/\{\{|^[{[|>]/.test(value)) given[name] = value;
  }
  return given;
}

/** Returns a value written as a YAML scalar, with quotes where YAML would otherwise misread it. */
export function yamlScalar(value: string, isQuoted: boolean): string {
  if (isQuoted) return value;
  const isPlain = /^[A-Za-z_][\w./ -]*$/.test(value) && !/^(?:true|false|null|yes|no|on|off|~)$/i.test(value);
  return isPlain && value.trim() === value ? value : JSON.stringify(value);
}
