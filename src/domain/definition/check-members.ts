import { childrenOf, type Expression, type Node } from '../expressions/ast';
import { chainOf, isStaticKey, visitChains, type Chain } from '../expressions/chain';
import { placeOf } from '../expressions/error';
import { nearest } from '../expressions/nearest';
import type { ParsedUse } from './check-expressions';
import { checkKindName } from './check-names';
import type { Findings } from './findings';
import type { Segment } from './place';
import { isMap, listOf } from './plain-map';
import { memberOf, possibleValues, type SchemaInDocument } from './schema-members';
import type { ScopeTypes } from './scope-types';

/** Maximum number of names that a message lists when no name is similar. */
const MAX_NAMES = 12;

interface Context {
  types: ScopeTypes;
  /** The existing kinds; undefined = kinds are not checked. */
  kinds: ReadonlySet<string> | undefined;
  findings: Findings;
}

/** Returns the beginning of a chain, up to the given number of keys, as text such as `state.incident[…].status`. */
function textOf({ root, links }: Chain, keys: number): string {
  return links.slice(0, keys).reduce((text, { key }) => {
    if (!isStaticKey(key)) return `${text}[…]`;
    return typeof key === 'string' && /^[A-Za-z_]\w*$/.test(key) ? `${text}.${key}` : `${text}[${JSON.stringify(key)}]`;
  }, root.name);
}

function hintOf(word: string, names: readonly string[]): string {
  const meant = nearest(word, names);
  if (meant !== undefined) return `Did you mean "${meant}"?`;
  const more = names.length > MAX_NAMES ? ', …' : '';
  return `Known: ${names.slice(0, MAX_NAMES).join(', ')}${more}`;
}

const missing = (key: string | number, owner: string, known: readonly string[]): string =>
  known.length === 0
    ? `${owner} is a single value without members; "${key}" is always absent`
    : `Unknown name "${key}" in ${owner}. ${hintOf(String(key), known)}`;

/**
 * Returns the schemas that the value of a chain may have, or undefined when they are unknown. `report` is called for a
 * missing member.
 */
function typeOfChain(
  chain: Chain,
  at: readonly Segment[],
  types: ScopeTypes,
  report: (message: string, offset: number) => void = () => undefined,
): SchemaInDocument[] | undefined {
  const start = types.startOf(chain, at);
  if (start === undefined) return undefined;
  let { alternatives } = start;
  for (const [index, { key, node }] of chain.links.entries()) {
    if (index < start.keys) continue;
    if (!isStaticKey(key)) return undefined;
    const member = memberOf(alternatives, key);
    if (member === 'open') return undefined;
    if ('known' in member) {
      report(missing(key, textOf(chain, index), member.known), node.at);
      return undefined;
    }
    alternatives = member.alternatives;
  }
  return alternatives;
}

function literalsOf(node: Node): { value: string; at: number }[] {
  if (node.kind === 'list') return node.items.flatMap(literalsOf);
  return node.kind === 'literal' && node.value !== null ? [{ value: String(node.value), at: node.at }] : [];
}

const impossible = (what: string, value: string, possible: readonly string[]): string =>
  `${what} is never "${value}". ${hintOf(value, possible)}`;

/** Warns about comparisons with a value that the other side can never have. */
function checkComparisons({ source, root }: Expression, path: Segment[], { types, findings }: Context): void {
  const pending: Node[] = [root];
  for (let node = pending.pop(); node; node = pending.pop()) {
    pending.push(...childrenOf(node));
    if (node.kind !== 'binary' || !['==', '!=', 'in'].includes(node.op)) continue;
    const sides: [Node, Node][] = [[node.left, node.right]];
    if (node.op !== 'in') sides.push([node.right, node.left]);
    for (const [one, other] of sides) {
      const chain = chainOf(one);
      const literals = literalsOf(other);
      if (chain === undefined || literals.length === 0 || (node.op === 'in') !== (other.kind === 'list')) continue;
      const type = typeOfChain(chain, path, types);
      const possible = type && possibleValues(type);
      for (const { value, at } of possible ? literals : []) {
        if (possible?.includes(value) !== false) continue;
        const message = impossible(textOf(chain, chain.links.length), value, possible);
        findings.warning({ path, code: 'impossible_value', message, inside: placeOf(source, at) });
      }
    }
  }
}

function checkKindOf({ root, links }: Chain, path: Segment[], source: string, { kinds, findings }: Context): void {
  const kind = links[0]?.key;
  if (root.name !== 'state' || kinds === undefined || typeof kind !== 'string') return;
  checkKindName(kind, path, kinds, findings, placeOf(source, links[0]?.node.at ?? root.at));
}

/**
 * Warns about unknown entity kinds, about members that are missing in the schemas of payloads, entities, health and the
 * fixed roots, and about comparisons with values that these schemas exclude. Members of open schemas are not checked.
 */
export function checkMembers(uses: readonly ParsedUse[], context: Context): void {
  const { types, findings } = context;
  for (const { expression, path } of uses) {
    if (findings.warningsAreFull) return;
    visitChains(expression.root, (chain) => {
      checkKindOf(chain, path, expression.source, context);
      typeOfChain(chain, path, types, (message, offset) => {
        const inside = placeOf(expression.source, offset);
        findings.warning({ path, code: 'unknown_member', message, inside });
      });
    });
    checkComparisons(expression, path, context);
  }
}

/**
 * Returns the possible schemas of a state field. Dots in `field` separate the keys of nested objects, unless a field
 * has exactly this name. Returns undefined for a field of unknown type. If the field does not exist, returns the names
 * of the existing fields as `known`.
 */
function typeOfField(kind: SchemaInDocument, field: string): SchemaInDocument[] | { known: string[] } | undefined {
  const whole = memberOf([kind], field);
  if (whole === 'open') return undefined;
  if ('alternatives' in whole) return whole.alternatives;
  let alternatives = [kind];
  for (const key of field.split('.')) {
    const member = memberOf(alternatives, key);
    if (member === 'open') return undefined;
    if ('known' in member) return member;
    ({ alternatives } = member);
  }
  return alternatives;
}

/**
 * Warns about a field that does not exist in the state of a kind, and about values that the field cannot have. `values`
 * has the form `{key: value or list}`.
 */
export function checkStateField(
  { kind, field, values }: { kind: unknown; field: unknown; values: Record<string, unknown> },
  path: readonly Segment[],
  { types, findings }: Pick<Context, 'types' | 'findings'>,
): void {
  if (typeof kind !== 'string' || typeof field !== 'string') return;
  const state = types.kind(kind);
  const type = state && typeOfField(state, field);
  if (type === undefined) return;
  if (!Array.isArray(type)) {
    const message = missing(field, `the state of "${kind}"`, type.known);
    findings.warning({ path: [...path, 'field'], code: 'unknown_member', message });
    return;
  }
  const possible = possibleValues(type);
  if (possible === undefined) return;
  for (const [key, given] of Object.entries(values)) {
    for (const value of [given].flat()) {
      if (value === null || value === undefined || typeof value === 'object' || possible.includes(String(value)))
        continue;
      const message = impossible(`"${field}" of "${kind}"`, String(value), possible);
      findings.warning({ path: [...path, key], code: 'impossible_value', message });
    }
  }
}

/** Checks `field`, `from` and `to` of a trigger or a wait for `automation.entity_changed`. */
export function checkChangedField(
  owner: unknown,
  path: readonly Segment[],
  context: Pick<Context, 'types' | 'findings'>,
): void {
  if (!isMap(owner) || owner.event !== 'automation.entity_changed' || !isMap(owner.config)) return;
  const { kind, field, from, to } = owner.config;
  checkStateField({ kind, field, values: { from, to } }, [...path, 'config'], context);
}

/** Checks all triggers of a document as `checkChangedField` does. */
export function checkChangedFields(
  document: Record<string, unknown>,
  context: Pick<Context, 'types' | 'findings'>,
): void {
  listOf(document.triggers).forEach((trigger, index) => checkChangedField(trigger, ['triggers', index], context));
}
