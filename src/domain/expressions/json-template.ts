import type { Node } from './ast';
import { ExpressionError } from './error';
import { isTemplate, parseTemplate } from './template';

/** Filters whose result is a number or a boolean. */
const SCALARS = ['length', 'round', 'abs', 'duration_since', 'older_than', 'minutes', 'hours', 'days'];
/** Filters whose result is valid JSON outside of quotes. */
const JSON_RESULT = new Set(['json', ...SCALARS]);
/** Filters whose result cannot terminate the JSON string into which it is inserted. */
const SAFE_TEXT = new Set(['iso', 'urlencode', ...SCALARS]);
/** Operators whose result is a boolean. */
const COMPARISONS = new Set(['==', '!=', '<', '>', '<=', '>=', 'in']);

function isSafe(node: Node, filters: ReadonlySet<string>, inText: boolean): boolean {
  switch (node.kind) {
    case 'pipe':
      return filters.has(node.filter);
    case 'literal':
      return inText ? !/["\\\n]/.test(String(node.value)) : typeof node.value !== 'string';
    case 'unary':
      return true;
    case 'binary':
      return COMPARISONS.has(node.op) || (node.op !== '+' && node.op !== 'in');
    case 'ternary':
      return isSafe(node.then, filters, inText) && isSafe(node.otherwise, filters, inText);
    case 'name':
      return inText && node.name === 'now';
    default:
      return false;
  }
}

/** Returns whether `text` ends inside a JSON string. `inString` states whether it begins inside a JSON string. */
function endsInString(text: string, inString: boolean): boolean {
  let inside = inString;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '\\' && inside) at += 1;
    else if (text[at] === '"') inside = !inside;
  }
  return inside;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Returns a message for the author that explains why a template for JSON may render to invalid JSON. Returns undefined
 * when no such problem is found, when `text` does not begin like a JSON object or list, and when it cannot be parsed as
 * a template.
 */
export function jsonTemplateProblem(text: string): string | undefined {
  if (!isTemplate(text) || !/^\s*[{[](?!\{)/.test(text)) return undefined;
  let inString = false;
  let sample = '';
  try {
    for (const segment of parseTemplate(text).segments) {
      if (segment.kind === 'text') {
        inString = endsInString(segment.text, inString);
        sample += segment.text;
        continue;
      }
      sample += inString ? 'x' : '0';
      if (segment.kind === 'secret' || isSafe(segment.expression.root, inString ? SAFE_TEXT : JSON_RESULT, inString))
        continue;
      return inString
        ? 'A value with a quote or a line break makes this text invalid JSON. Write the body as an object, or leave the quotes out and end the expression with "| json"'
        : 'A value that is a string makes this text invalid JSON. Write the body as an object, or end the expression with "| json"';
    }
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
  return isJson(sample) ? undefined : 'This text is not valid JSON, whatever its expressions render to';
}
