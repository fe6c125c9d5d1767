import { SCOPE_ROOTS } from '../../../../src/domain/definition/scope-roots';
import { allowedText } from './schema-walk';
import { isVariables, madeBefore, sourcesOf, variablesOf, type Source, type Standing } from './scope-sources';
import { chainBefore, expressionBefore, filterBefore } from './suggest';
import { placeAt, type Entry, type Path } from './yaml-place';
import type { Knowledge } from './schema-walk';

/** The hover text for a range of the edited text: a title and paragraphs. */
export interface Explanation {
  title: string;
  lines: string[];
  from: number;
  to: number;
}

/** Maximum number of characters to show of a variable's value. */
const MAX_SHOWN = 120;

/**
 * Returns the hover text for the name at an offset in an expression. Returns undefined if the offset is not at a name
 * in an expression, or if nothing is known about the name.
 */
export function explainName(
  text: string,
  offset: number,
  knowledge: Knowledge,
  entries: readonly Entry[],
): Explanation | undefined {
  const from = offset - (/\w*$/.exec(text.slice(0, offset))?.[0].length ?? 0);
  const to = from + (/^\w*/.exec(text.slice(from))?.[0].length ?? 0);
  if (to === from) return undefined;
  // Include the rest of the chain. The scanner could mistake a single word for the start of a key.
  const end = to + (/^[\w.[\]"']*/.exec(text.slice(to))?.[0].length ?? 0);
  const place = placeAt(text, end);
  const whole = expressionBefore(place, knowledge, entries);
  const expression = whole?.slice(0, Math.max(0, whole.length - (end - to)));
  if (expression === undefined || expression === '') return undefined;
  const filter = filterBefore(expression);
  if (filter !== undefined) return explainFilter(filter, knowledge, { from, to });
  const chain = isInText(expression) ? keyInBrackets(expression, text.slice(to)) : chainBefore(expression);
  if (chain === undefined || chain.length === 0) return undefined;
  const lines = linesOf(chain, { knowledge, entries, path: place.path, at: from });
  return lines.length === 0 ? undefined : { title: titleOf(chain), lines, from, to };
}

/** Returns whether the expression ends inside a quoted string. */
function isInText(expression: string): boolean {
  let quote = '';
  for (const char of expression)
    if (quote === '' ? char === '"' || char === "'" : char === quote) quote = quote === '' ? char : '';
  return quote !== '';
}

/**
 * Returns the chain up to the quoted key at the offset, e.g. `health.systems["ops"]` for an offset at `ops` in
 * `health.systems["ops"].status`. Returns undefined if the offset is not in such a key.
 */
function keyInBrackets(expression: string, rest: string): string[] | undefined {
  const opened = /\[\\?(["'])([^"']*)$/.exec(expression);
  if (opened === null) return undefined;
  const closed = /^([^"']*)\\?["']\]/.exec(rest);
  if (closed === null) return undefined;
  const owner = chainBefore(expression.slice(0, opened.index));
  return owner.length === 0 ? undefined : [...owner, `${opened[2] ?? ''}${closed[1] ?? ''}`];
}

function explainFilter(name: string, { filters }: Knowledge, range: { from: number; to: number }) {
  const filter = filters.find((each) => each.name === name);
  if (filter === undefined) return undefined;
  const signed = /^(\w+\([^)]*\)):\s*(.*)$/s.exec(filter.description);
  const isSigned = signed?.[1]?.startsWith(`${name}(`) === true;
  const title = `value | ${isSigned ? (signed[1] ?? name) : name}`;
  return { title, lines: [isSigned ? sentence(signed[2] ?? '') : sentence(filter.description)], ...range };
}

const sentence = (text: string): string => {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
};

const titleOf = (chain: readonly string[]): string =>
  chain.reduce((text, name) => (/^[A-Za-z_]\w*$/.test(name) ? `${text}.${name}` : `${text}[${keyText(name)}]`));

const keyText = (name: string): string => (/^\d+$/.test(name) ? name : JSON.stringify(name));

function linesOf(chain: readonly string[], standing: Standing): string[] {
  const [root = '', second] = chain;
  if (!Object.hasOwn(SCOPE_ROOTS, root)) return [];
  if (isVariables(root) && second !== undefined) return chain.length === 2 ? variableLines(second, standing) : [];
  if (root === 'artifacts' && second !== undefined) return artifactLines(chain, standing);
  if (root === 'state' && chain.length > 1 && chain.length < 4) return entityLines(chain, standing);
  const sources = sourcesOf(chain, standing);
  const lines = [...ofSystem(chain, standing), ...schemaLines(sources)];
  return chain.length > 1 ? [...lines, ...eventLines(chain, sources, standing)] : lines;
}

/** Returns lines with the description and type of a value. */
function schemaLines(sources: readonly Source[]): string[] {
  const described = sources.map(({ schema }) => schema['description']).find((each) => typeof each === 'string');
  const types = [...new Set(sources.map(({ schema, root }) => allowedText(schema, root)))].filter(
    (each) => each !== '',
  );
  return [
    ...(typeof described === 'string' ? [sentence(described)] : []),
    ...(types.length > 0 ? [`Type: ${types.join(' | ')}.`] : []),
  ];
}

/**
 * Returns a line that names the events whose payloads contain the value. If no payload contains it, the line names all
 * events that the payload may come from. Returns no line for a value outside a payload.
 */
function eventLines(chain: readonly string[], sources: readonly Source[], standing: Standing): string[] {
  const at = chain.indexOf('payload');
  if (at < 0) return [];
  const all = sourcesOf(chain.slice(0, at + 1), standing).flatMap(({ event }) => event ?? []);
  const having = [...new Set(sources.flatMap(({ event }) => event ?? []))];
  if (having.length === 0) return all.length === 0 ? [] : [`Not in the payload of ${all.join(', ')}.`];
  return [`${having.length < all.length ? 'Only in' : 'From'} the payload of ${having.join(', ')}.`];
}

function ofSystem([root, second, id]: readonly string[], { knowledge }: Standing): string[] {
  if (root !== 'health') return [];
  if (second === 'system') return ['Health of the system that this run is about.'];
  if (second !== 'systems' || id === undefined) return [];
  const name = knowledge.systems.find((each) => each.id === id)?.name;
  return [`Health of the system ${id}${name === undefined || name === id ? '' : ` (${name})`}.`];
}

function entityLines([, kind = '', id]: readonly string[], { knowledge }: Standing): string[] {
  const known = knowledge.kinds.find((each) => each.kind === kind);
  if (known === undefined) return [];
  if (id !== undefined) return [`Live state of the ${kind} ${id}, or null if it does not exist.`];
  return [sentence(known.description ?? `Entities of the kind ${kind}`), `Written as state.${kind}["<id>"].<field>.`];
}

function variableLines(name: string, { entries, at }: Standing): string[] {
  const set = variablesOf(entries).filter((each) => each.name === name);
  if (set.length === 0) return ['Neither the `variables` of the document nor any step sets it.'];
  return set.map(({ value, path }) => {
    const shown = value === '' ? 'a map or list' : value.slice(0, MAX_SHOWN);
    const isLater = path.length > 2 && (entries.find((each) => each.path === path)?.at ?? 0) > at;
    return `Set ${path.length === 2 ? 'in the variables of the document' : `by ${stepAt(path)}`}: ${shown}${isLater ? ' (later in the document)' : ''}`;
  });
}

/**
 * Returns a readable name for the step that sets a variable: `actions[1].variables.x` becomes `the step actions[1]`.
 */
function stepAt(path: Path): string {
  const parts = path.slice(0, -2).map((each) => (typeof each === 'number' ? `[${each}]` : `.${each}`));
  return `the step ${parts.join('').slice(1)}`;
}

function artifactLines(chain: readonly string[], standing: Standing): string[] {
  const [, id = '', name] = chain;
  const made = madeBefore(standing).find((each) => each.id === id);
  if (made === undefined) return [`No earlier step with the id ${id} produces an artifact.`];
  const { action, produces } = made;
  const by = `Produced by the step ${id} (${action}).`;
  if (name === undefined) return [by, `It produces artifacts.${id}.${produces.name}.`];
  if (name !== produces.name) return [`${action} does not produce ${name}, but ${produces.name}.`];
  return [...schemaLines(sourcesOf(chain, standing)), by];
}
