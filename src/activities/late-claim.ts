import { claimAndBegin } from '../db/runs/claim';
import { beginSent } from '../db/runs/step-states';
import type { RunSource } from '../db/runs/run-source';
import type { ActivityDeps } from './deps';
import { executionOf } from './plan-for';
import type { PrecedingWrite } from './preceding-write';

/**
 * The claim of a run whose row this process already has. It is made when the first call is about to be sent, in the
 * statement that begins its step, or before anything else is written.
 */
export interface LateClaim extends PrecedingWrite {
  /**
   * Claims the run if necessary. Returns false if this execution must not continue in this way: it has not claimed the
   * run, or the run is not new.
   */
  make(): Promise<boolean>;
  /** Whether `begin` or `make` has claimed the run. */
  isMade(): boolean;
}

export function createLateClaim(deps: ActivityDeps, source: RunSource, executionRunId: string): LateClaim {
  const { db } = deps.database;
  let made: boolean | undefined;
  return {
    mayBeRead: false,
    async begin(names, key, config) {
      if (made !== undefined) return made && beginSent(db, names, key, config);
      const claim = () => claimAndBegin(db, names, executionRunId, key, config);
      // If the connection broke while the statement was being committed, a repeated statement waits for that commit but
      // does not see its step. The next one does.
      const startedAt = (await claim()) ?? (await claim());
      if (startedAt === null) return false;
      deps.noteStarted(source, startedAt);
      made = true;
      return true;
    },
    async make() {
      if (made === undefined) {
        const claimed = await deps.claim(source.runId, executionRunId);
        made = claimed !== null && claimed.lost === null && claimed.isNew;
      }
      return made;
    },
    isMade: () => made === true,
  };
}

/** Matches text in which an expression may read `run`: the word, but not a field of something else. */
const READS_RUN = /(?<![\w.])run\b/;

/** Returns whether a text in a step matches. Keys are not rendered. */
function anyText(value: unknown, pattern: RegExp): boolean {
  if (typeof value === 'string') return pattern.test(value);
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some((each) => anyText(each, pattern));
}

/**
 * Returns whether a run may be claimed with its first step: the step is a call that is first tried inside the workflow
 * task, and it does not read `run`, whose start is not known before the claim.
 */
export function mayClaimLate(deps: ActivityDeps, { definition }: RunSource): boolean {
  const [first] = definition.actions;
  if (first === undefined || !('action' in first)) return false;
  const action = deps.registry.action(first.action);
  if (action === undefined || action.execution === 'transaction') return false;
  return executionOf(deps)(first).execution === 'short' && !anyText(first, READS_RUN);
}
