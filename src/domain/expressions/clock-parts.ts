import { childrenOf, type Node } from './ast';
import { chainOf, isStaticKey, type Chain, type ChainLink } from './chain';
import { expressionsOf, type ExpressionSource } from './expression-source';

/**
 * Fields of `health.*` that change as time passes. An expression that reads them, or may read them, depends on the
 * clock.
 */
const CLOCK_FIELDS = [
  'in_status_for_ms',
  'transitions_in_window',
  'in_maintenance',
  'notifications_suppressed',
  'avg_latency_ms',
  'p95_latency_ms',
  'success_rate',
  'evaluated_at',
] as const;
export type ClockField = (typeof CLOCK_FIELDS)[number];

/** Parts of an expression that make its value depend on the time of evaluation. */
export const CLOCK_PARTS = ['now', 'older_than', 'duration_since', ...CLOCK_FIELDS] as const;
export type ClockPart = (typeof CLOCK_PARTS)[number];

/**
 * Names of the times that a health entity may provide alongside its fields. Each is the earliest time, as ISO text, at
 * which the fields change even if no event occurs, or null when they do not change.
 */
export type ChangeHint =
  'maintenance_ends_at' | 'maintenance_starts_at' | 'transitions_window_changes_at' | 'results_window_changes_at';

/** A field of a health entity that a chain reads; `any` when the key is computed. */
export interface HealthField {
  readonly field: ClockField | 'any';
  readonly link: ChainLink;
}

function fieldPlace(chain: Chain): number {
  const first = chain.links[0]?.key;
  return first === 'system' ? 1 : 2;
}

/** Returns the field that a chain reads if that field depends on the clock, otherwise undefined. */
export function healthField(chain: Chain): HealthField | undefined {
  if (chain.root.name !== 'health') return undefined;
  const first = chain.links[0];
  if (first !== undefined && !isStaticKey(first.key)) return { field: 'any', link: first };
  const link = chain.links[fieldPlace(chain)];
  if (link === undefined) return undefined;
  if (!isStaticKey(link.key)) return { field: 'any', link };
  const field = CLOCK_FIELDS.find((name) => name === link.key);
  return field === undefined ? undefined : { field, link };
}

/** Returns whether the value of a node is a whole health entity, including the fields that depend on the clock. */
function isWholeHealth(node: Node): boolean {
  const chain = chainOf(node);
  return chain?.root.name === 'health' && chain.links.length <= fieldPlace(chain);
}

/**
 * Returns whether a filter, a list or a binary operator has a whole health entity as an operand, and therefore depends
 * on all its fields. A comparison with null does not depend on them.
 */
export function consumesWholeHealth(node: Node): boolean {
  if (node.kind !== 'pipe' && node.kind !== 'list' && node.kind !== 'binary') return false;
  const parts = childrenOf(node);
  const comparesWithNull = parts.some((part) => part.kind === 'literal' && part.value === null);
  return !(node.kind === 'binary' && comparesWithNull) && parts.some(isWholeHealth);
}

/** Returns the clock-dependent parts of a node itself, without those of its children. */
export function ownClockParts(node: Node): readonly ClockPart[] {
  if (node.kind === 'name') return node.name === 'now' ? ['now'] : [];
  if (consumesWholeHealth(node)) return CLOCK_FIELDS;
  if (node.kind === 'pipe' && (node.filter === 'older_than' || node.filter === 'duration_since')) return [node.filter];
  const chain = chainOf(node);
  const read = chain === undefined ? undefined : healthField(chain);
  if (read === undefined) return [];
  return read.field === 'any' ? CLOCK_FIELDS : [read.field];
}

/**
 * Returns the parts of expressions that depend on the clock, without duplicates. If there are none, the passage of time
 * alone does not change the value.
 */
export function clockParts(source: ExpressionSource): readonly ClockPart[] {
  const found = new Set<ClockPart>();
  const visit = (node: Node): void => {
    for (const part of ownClockParts(node)) found.add(part);
    childrenOf(node).forEach(visit);
  };
  for (const { root } of expressionsOf(source)) visit(root);
  return CLOCK_PARTS.filter((part) => found.has(part));
}
