import { nearest } from '../expressions/nearest';
import type { Findings } from './findings';
import { referencesIn } from '../secrets/references';
import { formatPlace, type Segment } from './place';

const REFERENCE = /\$\{\{\s*secrets(?![A-Za-z0-9_$])([^}]*)\}\}/g;
const NAME = /^\.([A-Za-z0-9_-]+)\s*$/;

type VisitText = (text: string, path: readonly Segment[]) => void;

/**
 * Calls `visit` for every string in a value. The path is a single list that is modified during the walk; copy it to
 * keep it.
 */
export function visitTexts(value: unknown, path: readonly Segment[], visit: VisitText): void {
  walkTexts(value, [...path], visit);
}

function walkTexts(value: unknown, path: Segment[], visit: VisitText): void {
  if (typeof value === 'string') return visit(value, path);
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      path.push(index);
      walkTexts(value[index], path, visit);
      path.pop();
    }
    return;
  }
  for (const key of Object.keys(value)) {
    path.push(key);
    walkTexts((value as Record<string, unknown>)[key], path, visit);
    path.pop();
  }
}

/** Calls `visit` for every key in a value, with the path of its value. */
function visitKeys(value: unknown, path: readonly Segment[], visit: VisitText): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    if (!Array.isArray(value)) visit(key, at);
    visitKeys(child, at, visit);
  }
}

/** Returns a sorted list of the names of the secrets that a document refers to. */
export function secretsOf(document: unknown): string[] {
  const names = new Set<string>();
  visitTexts(document, [], (text) => {
    for (const name of text.includes('${{') ? referencesIn(text) : []) names.add(name);
  });
  return [...names].sort();
}

/**
 * Checks a value that must not refer to secrets. Returns a message about the first reference in a string or in a key,
 * or undefined when there is none. The check is needed for definitions that were saved before such references were
 * refused. `place` is the name of the value in the message.
 */
export function outsideReference(value: unknown, place: string): string | undefined {
  const first = createFirstReference();
  visitTexts(value, [place], first.visit);
  visitKeys(value, [place], first.visit);
  return first.problem();
}

/** Returns the same as `outsideReference`, but searches only keys. */
export function outsideKey(value: unknown): string | undefined {
  const first = createFirstReference();
  visitKeys(value, [], first.visit);
  return first.problem();
}

function createFirstReference(): { visit: VisitText; problem(): string | undefined } {
  let found: string | undefined;
  return {
    visit(text, path) {
      const [name] = found === undefined && text.includes('${{') ? referencesIn(text) : [];
      if (name === undefined) return;
      found = `${formatPlace([...path])} takes no secrets: \${{ secrets.${name} }} cannot be used there.`;
    },
    problem: () => found,
  };
}

/** Paths of the fields whose schemas allow secrets. */
export type SecretFields = Set<string>;

/**
 * Reports an error for each `${{ secrets.X }}` in a field that does not allow secrets. Warns about text that resembles
 * such a reference and, when the existing secrets are given, about unknown names.
 */
export function checkSecretReferences(
  document: unknown,
  fields: SecretFields,
  known: ReadonlySet<string> | undefined,
  findings: Findings,
): void {
  visitKeys(document, [], (key, path) => {
    const [name] = key.includes('${{') ? referencesIn(key) : [];
    if (name === undefined) return;
    const message = `\${{ secrets.${name} }} cannot be used in the name of a key`;
    findings.error({ path: [...path], code: 'secret_outside', message });
  });
  visitTexts(document, [], (text, at) => {
    if (!text.includes('${{')) return;
    const path = [...at];
    for (const [reference, rest = ''] of text.matchAll(REFERENCE)) {
      const name = NAME.exec(rest)?.[1];
      if (!fields.has(formatPlace(path))) {
        const message = `${reference} cannot be used here: only fields for secrets take one (bearerToken, secretEnv, url…)`;
        findings.error({ path, code: 'secret_outside', message });
      } else if (name === undefined) {
        const message = `${reference} is not replaced: write \${{ secrets.NAME }}, without anything else in it`;
        findings.warning({ path, code: 'secret_reference', message });
      }
      if (known === undefined || name === undefined || known.has(name)) continue;
      const meant = nearest(name, known);
      const hint = meant === undefined ? `Set it with PUT /api/v1/secrets/${name}` : `Did you mean "${meant}"?`;
      findings.warning({ path, code: 'unknown_secret', message: `Secret "${name}" not found. ${hint}` });
    }
  });
}
