import { ExpressionError } from '../expressions/error';
import { parseBareExpression } from '../expressions/template';
import { truthy } from '../expressions/truthy';
import type { Findings } from './findings';
import type { Segment } from './place';
import { isMap, listOf } from './plain-map';

/** Returns the value of a condition that is a literal, or undefined when it must be evaluated. */
function literalValue(condition: unknown): boolean | undefined {
  if (typeof condition === 'boolean') return condition;
  if (typeof condition !== 'string') return undefined;
  try {
    const { root } = parseBareExpression(condition).expression;
    return root.kind === 'literal' ? truthy(root.value) : undefined;
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}

/** Returns whether a step always ends the run, so that the steps after it are never reached. */
function endsRun(step: unknown): boolean {
  if (!isMap(step) || (step.enabled !== undefined && literalValue(step.enabled) !== true)) return false;
  if (step.stop !== undefined) return true;
  if (step.sequence !== undefined) return listOf(step.sequence).some(endsRun);
  if (step.parallel !== undefined) return listOf(step.parallel).some(endsRun);
  if (step.choose === undefined) return false;
  const branches = listOf(step.choose).map((branch) => (isMap(branch) ? listOf(branch.sequence) : []));
  return [...branches, listOf(step.else)].every((list) => list.some(endsRun));
}

/** Warns about branches of a step that are never taken. */
function checkBranches(step: Record<string, unknown>, path: Segment[], findings: Findings): void {
  let taken: number | undefined;
  for (const [index, branch] of listOf(step.choose).entries()) {
    if (!isMap(branch)) continue;
    const at = [...path, 'choose', index];
    const value = literalValue(branch.when);
    if (taken !== undefined) {
      findings.warning({ path: at, code: 'dead_branch', message: `Never reached: choose[${taken}] always holds` });
    } else if (value === false) {
      findings.warning({
        path: [...at, 'when'],
        code: 'dead_branch',
        message: 'This branch is never taken: "when" is always false',
      });
    } else if (value === true) taken = index;
  }
  if (taken === undefined || listOf(step.else).length === 0) return;
  findings.warning({
    path: [...path, 'else'],
    atKey: true,
    code: 'dead_branch',
    message: `Never reached: choose[${taken}] always holds`,
  });
}

/** Checks one list of steps. Warns about dead branches, and about steps after a step that ends the run. */
export function checkFlow(list: readonly unknown[], path: Segment[], findings: Findings): void {
  list.forEach((step, index) => {
    if (isMap(step)) checkBranches(step, [...path, index], findings);
  });
  const end = list.findIndex(endsRun);
  if (end < 0 || end === list.length - 1) return;
  findings.warning({
    path: [...path, end + 1],
    code: 'unreachable',
    message: 'Never reached: the previous step ends the run',
  });
}
