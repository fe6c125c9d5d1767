import { allowedText, membersOf, type Schema } from './schema-walk';
import { isVariables, madeBefore, ROOT_NAMES, sourcesOf, variablesOf, type Standing } from './scope-sources';

/** A suggested completion of a name. */
export interface Suggestion {
  label: string;
  /** Kind or type, shown beside the label. */
  detail?: string;
  info?: string;
  /** The text to insert, if it differs from the label. */
  apply?: string;
}

/**
 * Returns the names that can follow a chain such as `["trigger", "payload"]`. For an empty chain, returns the root
 * names.
 */
export function membersAt(chain: readonly string[], standing: Standing): Suggestion[] {
  const [root, second] = chain;
  if (root === undefined)
    return ROOT_NAMES.flatMap((name) => sourcesOf([name], standing).map(({ schema }) => infoOf(name, schema)));
  if (isVariables(root)) return chain.length === 1 ? variables(standing) : [];
  if (root === 'state' && chain.length < 3)
    return second === undefined
      ? standing.knowledge.kinds.map(({ kind, description }) => ({ label: kind, ...withInfo(description) }))
      : [];
  if (root === 'artifacts' && chain.length < 3)
    return madeBefore(standing)
      .filter(({ id }) => second === undefined || id === second)
      .map(({ id, produces }) => ({ label: second === undefined ? id : produces.name, detail: produces.type }));
  const all = new Map<string, Suggestion>();
  for (const { schema, root: whole } of sourcesOf(chain, standing))
    for (const [label, member] of membersOf(schema, whole))
      if (!all.has(label)) {
        const detail = allowedText(member, whole);
        all.set(label, { ...infoOf(label, member), ...(detail === '' ? {} : { detail }) });
      }
  return [...all.values()];
}

const withInfo = (info: unknown) => (typeof info === 'string' ? { info } : {});
const infoOf = (label: string, schema: Schema): Suggestion => ({ label, ...withInfo(schema['description']) });

function variables({ entries }: Standing): Suggestion[] {
  const named = variablesOf(entries).map(({ name, value }) => [name, { label: name, detail: value }] as const);
  return [...new Map(named).values()];
}
