import type { Executor } from '../db/executor';
import type { Definition } from '../domain/definition/schema';
import { FermataError } from '../domain/errors';
import { variablesProblem } from '../domain/run/limits';
import type { RunFacts } from '../domain/run/scope';
import type { ExpressionContext, Evaluator } from '../evaluation/evaluator';

/** What the document's own expressions see before a run exists. */
export function startScope(definition: Definition, facts: RunFacts): ExpressionContext {
  return {
    facts,
    variables: {},
    artifacts: [],
    repeat: null,
    usesState: definition.uses_state ?? [],
    stateWindowMinutes: definition.state_window_minutes,
  };
}

/** Variables that a run starts with. Refused: `expression_error`, `limit_exceeded`. */
export async function renderRunVariables(
  { evaluator, db }: { evaluator: Evaluator; db: Executor },
  definition: Definition,
  facts: RunFacts,
): Promise<Record<string, unknown>> {
  const rendered = await evaluator.renderVariables(db, definition.variables, startScope(definition, facts));
  if ('error' in rendered) throw new FermataError(rendered.code, `variables: ${rendered.error}`);
  const problem = variablesProblem(rendered.variables);
  if (problem !== undefined) throw new FermataError('limit_exceeded', problem);
  return rendered.variables;
}
