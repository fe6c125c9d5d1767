import type { z } from 'zod';
import { unknownNamesIn } from '../expressions/expression-field';
import { nearest } from '../expressions/nearest';
import type { ActionDescription } from '../registry/action-description';
import type { Registry } from '../registry/registry';
import type { Findings } from './findings';
import type { Segment } from './place';
import { isMap } from './plain-map';
import { isFlagged, metaAt } from './schema-at';
import { visitTexts } from './secret-references';

/** Names that exist in the installation. If a set or map is absent, names of that type are not checked. */
export interface KnownNames {
  /** Names of inbound hooks. */
  hooks?: ReadonlySet<string>;
  /** Ids and names of connections. */
  connections?: ReadonlySet<string>;
  /** JSON Schemas of custom entity kinds, by kind. */
  kinds?: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** Returns the names of custom and built-in kinds, or undefined when the custom kinds are unknown. */
export function allKinds(
  { kinds }: KnownNames,
  registry: Registry<ActionDescription>,
): ReadonlySet<string> | undefined {
  return kinds && new Set([...registry.entityKinds().keys(), ...kinds.keys()]);
}

/** Warns about an entity kind that does not exist. */
export function checkKindName(
  kind: string,
  path: readonly Segment[],
  known: ReadonlySet<string> | undefined,
  findings: Findings,
  inside?: { line: number; column: number },
): void {
  if (known === undefined || known.has(kind) || kind.includes('{{')) return;
  const meant = nearest(kind, known);
  const hint = meant === undefined ? `Create it with PUT /api/v1/entity-kinds/${kind}` : `Did you mean "${meant}"?`;
  const message = `Entity kind "${kind}" not found. ${hint}`;
  findings.warning({ path: [...path], code: 'unknown_kind', message, ...(inside && { inside }) });
}

function checkHookName(hook: string, path: readonly Segment[], known: ReadonlySet<string>, findings: Findings): void {
  if (known.has(hook) || hook.includes('{{')) return;
  const meant = nearest(hook, known);
  const hint = meant === undefined ? 'Create it with POST /api/v1/hooks' : `Did you mean "${meant}"?`;
  findings.warning({ path: [...path], code: 'unknown_hook', message: `Hook "${hook}" not found. ${hint}` });
}

/** Warns about a connection that does not exist. */
export function checkConnectionName(
  connection: string,
  path: readonly Segment[],
  known: ReadonlySet<string>,
  findings: Findings,
): void {
  if (known.has(connection) || connection.includes('{{')) return;
  const meant = nearest(connection, known);
  const hint = meant === undefined ? '' : `. Did you mean "${meant}"?`;
  const message = `Connection "${connection}" not found${hint}`;
  findings.warning({ path: [...path], code: 'unknown_connection', message });
}

/** Warns about names that an expression in a config uses and that are not in its scope, the names of `x-names`. */
function checkScope(text: string, path: readonly Segment[], scope: unknown, findings: Findings): void {
  if (!Array.isArray(scope)) return;
  for (const { message, line, column } of unknownNamesIn(text, scope as string[])) {
    findings.warning({ path: [...path], code: 'unknown_name', message, inside: { line, column } });
  }
}

/**
 * Warns about names in a config that do not exist: hooks in fields marked `x-hook`, connections in fields marked
 * `x-connection`, entity kinds in fields marked `x-entity-kind`, and names in expressions of fields with `x-names`.
 * Names that contain a template are known only at run time and are not checked.
 */
export function checkConfigNames(
  schema: z.ZodType | undefined,
  config: unknown,
  path: readonly Segment[],
  { known, registry, findings }: { known: KnownNames; registry: Registry<ActionDescription>; findings: Findings },
): void {
  if (schema === undefined || !isMap(config)) return;
  const kinds = allKinds(known, registry);
  visitTexts(config, [], (text, at) => {
    const place = [...path, ...at];
    if (known.hooks && isFlagged(schema, at, ['x-hook'])) checkHookName(text, place, known.hooks, findings);
    const { connections } = known;
    if (connections && isFlagged(schema, at, ['x-connection'])) checkConnectionName(text, place, connections, findings);
    checkScope(text, place, metaAt(schema, at, 'x-names'), findings);
    if (kinds && isFlagged(schema, at, ['x-entity-kind'])) checkKindName(text, place, kinds, findings);
  });
}
