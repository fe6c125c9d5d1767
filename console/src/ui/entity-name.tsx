import { shortId } from './copy';

interface EntityNameProps {
  /** Kind of the entity. Absent where the context makes the kind clear. */
  kind?: string | null | undefined;
  id: string;
  /** Display name; null if the entity has none. */
  name: string | null;
  /** Number of characters to which the id of an entity without a name is shortened. Default: 40. */
  short?: number;
}

/** The name of an entity, or its shortened id if it has no name. The tooltip shows the id. */
export function EntityName({ kind, id, name, short = 40 }: EntityNameProps) {
  return (
    <span title={name === null ? id : `${name} (${id})`}>
      {kind != null && <span className="faint">{kind} </span>}
      {name ?? shortId(id, short)}
    </span>
  );
}

interface Keyed {
  contextKey: string | null;
  contextName: string | null;
}

/** The name of the entity that a context key identifies, otherwise the key. */
export function ContextKey({ of: { contextKey, contextName }, short = 40 }: { of: Keyed; short?: number }) {
  if (contextKey === null) return <span className="faint">–</span>;
  return <EntityName id={contextKey} name={contextName} short={short} />;
}

/** Returns the text of a context key, for use where markup is not possible. Returns undefined if there is no key. */
export function contextText({ contextKey, contextName }: Keyed): string | undefined {
  return contextName ?? contextKey ?? undefined;
}
