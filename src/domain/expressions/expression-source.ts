import type { Expression } from './ast';
import { isPlainObject } from './plain-data';
import { isTemplate, parseTemplate, type Template } from './template';

/** Input of the analyses: an expression, a template, or a list of sources. */
export type ExpressionSource = Expression | Template | readonly ExpressionSource[];

/** Returns the expressions of a source, in order. */
export function expressionsOf(source: ExpressionSource): readonly Expression[] {
  if (isList(source)) return source.flatMap(expressionsOf);
  if ('root' in source) return [source];
  return source.segments.flatMap((segment) => (segment.kind === 'expression' ? [segment.expression] : []));
}

function isList(source: ExpressionSource): source is readonly ExpressionSource[] {
  return Array.isArray(source);
}

/**
 * Returns the expressions of every template in a value, at any depth of lists and objects.
 * @throws ExpressionError for the first string that cannot be parsed
 */
export function expressionsInValue(value: unknown): readonly Expression[] {
  if (typeof value === 'string') return isTemplate(value) ? expressionsOf(parseTemplate(value)) : [];
  if (Array.isArray(value)) return value.flatMap(expressionsInValue);
  return isPlainObject(value) ? Object.values(value).flatMap(expressionsInValue) : [];
}
