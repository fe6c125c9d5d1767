import type { ActionStep } from '../../../src/domain/definition/action';
import type { GaveUp, StepInput, StepOutcome } from '../../../src/domain/run/activities';
import { driveDry, type DryHandlers, type Moment } from '../../../src/domain/run/interpret/dry';
import type { StepHandlers } from '../../../src/domain/run/interpret/inline';
import type { ExecutionOf } from '../../../src/domain/run/interpret/kind';
import { endAfter, type StepsEnd } from '../../../src/domain/run/interpret/outcome';
import { Progress } from '../../../src/domain/run/interpret/progress';
import { planOf, runList } from '../../../src/domain/run/interpret/steps';
import { lanesAround } from '../../../src/domain/run/lanes';
import { prefixesOf } from '../../../src/domain/run/path';

interface Steps {
  actions: ActionStep[];
  on_failure: ActionStep[];
}

/**
 * Runs a definition with the dry-run driver. Returns the status with which the run ends, and the steps and decisions
 * for which the driver called the handlers, in order.
 */
export async function dryCourse(
  definition: Steps,
  handlers: StepHandlers,
  { executionOf, isLost }: { executionOf: ExecutionOf; isLost: (path: string) => boolean },
): Promise<{ handled: string[]; status: 'success' | 'failed' }> {
  const handled = new Set<string>();
  const progress = new Progress({});
  const moment: Moment = { branch: progress.root, now: 0 };
  const inputOf = (path: string, { branch }: Moment): StepInput => ({
    ...{ runId: 'run', path, variables: branch.variables, repeat: branch.repeat, journal: [] },
  });
  const called = async (path: string, at: Moment): Promise<StepOutcome | GaveUp> => {
    if (isLost(path)) return { type: 'gaveUp', code: 'internal', message: 'lost' };
    const outcome = await handlers.perform(inputOf(path, at));
    return outcome.type === 'handover' ? { type: 'done' } : outcome;
  };
  const own: DryHandlers = {
    evaluate: ({ path, iteration }, at) => {
      handled.add(nameOf(path, iteration));
      return handlers.evaluate({ ...inputOf(path, at), ...(iteration !== undefined && { iteration }) });
    },
    perform: ({ type, path }, at) => {
      handled.add(nameOf(path));
      return type === 'call' ? called(path, at) : handlers.perform(inputOf(path, at));
    },
    note: () => undefined,
  };
  const run = (list: 'actions' | 'on_failure') =>
    driveDry(runList(progress, progress.root, planOf(definition[list], executionOf), list), moment, own).then(
      (): StepsEnd => ({ status: 'success' }),
      (thrown: unknown) => endAfter(thrown),
    );
  const { status, error } = await run('actions');
  if (error !== undefined) {
    progress.leaveAll(error);
    await run('on_failure');
  }
  return { handled: [...handled], status };
}

/** Returns the name of a step, or of a loop's decision about an iteration. */
export const nameOf = (path: string, iteration?: number): string =>
  iteration === undefined ? path : `${path}#${iteration}`;

/** Groups names by branch. Each group keeps the order in which the driver called the handlers. */
export function byBranch(definition: Steps, handled: readonly string[]): Record<string, string[]> {
  const branches: Record<string, string[]> = {};
  for (const name of handled) {
    const [path = ''] = name.split('#');
    const isBranch = (place: string) =>
      /\.parallel\[\d+\]$/.test(place) || lanesAround(definition, path).includes(place);
    (branches[prefixesOf(path).findLast(isBranch) ?? ''] ??= []).push(name);
  }
  return branches;
}
