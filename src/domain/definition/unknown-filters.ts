import { childrenOf, type Node } from '../expressions/ast';
import { ExpressionError } from '../expressions/error';
import { expressionsOf } from '../expressions/expression-source';
import { isTemplate, parseBareExpression, parseTemplate } from '../expressions/template';
import { isMap } from './plain-map';
import { visitTexts } from './secret-references';
import { walkDocument, type TextMode } from './walk';

/** Matches a possible use of a filter. Text may also contain `|` for other reasons. */
const MAYBE_FILTER = /\|\s*([A-Za-z_][A-Za-z0-9_]*)/g;

/** Fields of the built-in actions that contain code, which is never rendered. */
const CODE: ReadonlySet<string> = new Set(['script']);

/**
 * Returns a sorted list of the names of the unknown filters in the expressions and templates of a definition. `codeOf`
 * returns the config fields of an action that contain code and are skipped; default: `script`.
 */
export function unknownFilters(
  definition: Readonly<Record<string, unknown>>,
  isKnown: (name: string) => boolean,
  codeOf: (action: string) => ReadonlySet<string> = () => CODE,
): string[] {
  if (!mayHaveUnknown(definition, isKnown)) return [];
  const found = new Set<string>();
  const visit = (node: Node): void => {
    if (node.kind === 'pipe' && !isKnown(node.filter)) found.add(node.filter);
    childrenOf(node).forEach(visit);
  };
  const visitAll = (value: unknown, mode: TextMode): void =>
    visitTexts(value, [], (text) => {
      for (const { root } of parsed(text, mode)) visit(root);
    });
  walkDocument(definition, {
    expression: ({ value, mode }) => visitAll(value, mode),
    step: ({ step: { action, config } }) => {
      if (typeof action !== 'string' || !isMap(config)) return;
      const code = codeOf(action);
      for (const [name, value] of Object.entries(config)) if (!code.has(name)) visitAll(value, 'template');
    },
  });
  return [...found].sort();
}

/**
 * Returns whether any string in a definition may contain an unknown filter. For most definitions, the result is false,
 * and nothing has to be parsed.
 */
function mayHaveUnknown(definition: unknown, isKnown: (name: string) => boolean): boolean {
  let may = false;
  visitTexts(definition, [], (text) => {
    if (may || !text.includes('|')) return;
    for (const [, name = ''] of text.matchAll(MAYBE_FILTER)) may ||= !isKnown(name);
  });
  return may;
}

function parsed(text: string, mode: TextMode): readonly { root: Node }[] {
  try {
    if (mode === 'expression' || (mode === 'either' && !isTemplate(text)))
      return [parseBareExpression(text).expression];
    return isTemplate(text) ? expressionsOf(parseTemplate(text)) : [];
  } catch (error) {
    // A text that cannot be parsed fails when it is evaluated.
    if (error instanceof ExpressionError) return [];
    throw error;
  }
}
