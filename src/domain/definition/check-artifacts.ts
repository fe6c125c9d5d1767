import { nearest } from '../expressions/nearest';
import { extractPaths } from '../expressions/paths';
import type { ActionDescription } from '../registry/action-description';
import type { Registry } from '../registry/registry';
import type { ParsedUse } from './check-expressions';
import type { Findings } from './findings';
import type { ActionsBefore } from './actions-before';
import { knownKeys, unwrap } from './schema-at';
import { z } from 'zod';

/** The action that each step of the document calls, by step id; null for a step of another kind. */
export type StepIds = ReadonlyMap<string, string | null>;

interface Problem {
  code: string;
  message: string;
}

const didYouMean = (word: string, candidates: Iterable<string>, otherwise = ''): string => {
  const meant = nearest(word, candidates);
  return meant === undefined ? otherwise : `. Did you mean "${meant}"?`;
};

function fieldProblem(action: string, name: string, field: string, schema: z.ZodObject): Problem | undefined {
  const core = unwrap(schema);
  const open =
    core instanceof z.ZodObject && core.def.catchall !== undefined && !(core.def.catchall instanceof z.ZodNever);
  const known = knownKeys(schema);
  if (open || known.includes(field)) return undefined;
  const hint = didYouMean(field, known, `; it has ${known.join(', ')}`);
  return { code: 'artifact_field', message: `The artifact "${name}" of ${action} has no field "${field}"${hint}` };
}

function problemOf(
  [id, name, field]: readonly (string | undefined)[],
  actionsBefore: ActionsBefore,
  steps: StepIds,
  registry: Registry<ActionDescription>,
): Problem | undefined {
  if (id === undefined) return undefined;
  const action = steps.get(id);
  if (action === undefined) {
    return { code: 'artifact_unknown', message: `Action with the id "${id}" not found${didYouMean(id, steps.keys())}` };
  }
  if (!actionsBefore.has(id)) {
    const message = `The artifact of "${id}" is used here before any action that produces it: no step that runs before this place has that id`;
    return { code: 'artifact_not_made', message };
  }
  const produces = action === null ? undefined : registry.action(action)?.produces;
  if (action !== null && !registry.action(action)) return undefined;
  if (!produces) {
    return {
      code: 'artifact_undeclared',
      message: `The action "${id}"${action === null ? '' : ` (${action})`} produces no artifact`,
    };
  }
  if (name !== undefined && name !== produces.name) {
    return {
      code: 'artifact_undeclared',
      message: `${action ?? ''} does not produce the artifact "${name}"; it produces "${produces.name}"`,
    };
  }
  return field === undefined ? undefined : fieldProblem(action ?? '', produces.name, field, produces.schema);
}

/** Checks every `artifacts.<id>.<name>.<field>` in expressions against the artifacts of the actions that precede it. */
export function checkArtifacts(
  uses: readonly ParsedUse[],
  steps: StepIds,
  registry: Registry<ActionDescription>,
  findings: Findings,
): void {
  for (const { expression, path, actionsBefore } of uses) {
    for (const { segments, line, column } of extractPaths(expression)) {
      if (segments[0] !== 'artifacts') continue;
      const problem = problemOf(segments.slice(1, 4).map(String), actionsBefore, steps, registry);
      if (problem) findings.error({ path, ...problem, inside: { line, column } });
    }
  }
}
