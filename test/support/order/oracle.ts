import type { StepEvaluation, StepOutcome, StepInput } from '../../../src/domain/run/activities';
import { kindOf } from '../../../src/domain/definition/action-kind';
import type { Definition } from '../../../src/domain/definition/schema';
import { stepAt } from '../../../src/domain/run/step-at';
import type { StepHandlers } from '../../../src/domain/run/interpret/inline';

/** Returns a number from 0 to 99 that depends only on `text`. */
export function chance(text: string): number {
  let hash = 2_166_136_261;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 16_777_619);
  return ((hash >>> 0) % 9_973) % 100;
}

type Steps = Pick<Definition, 'actions' | 'on_failure'>;

/** Probabilities in percent. */
export interface Odds {
  fail: number;
  skip: number;
  handover: number;
  /** Probability that a `condition` holds. Default: 80. */
  holds?: number;
}

/**
 * Returns handlers that replace Postgres and providers for a definition. The outcome of a step is determined by its
 * path and the seed.
 */
export function oracle(definition: Steps, seed: number, odds: Odds, now: () => number): StepHandlers {
  const evaluations = new Map<string, number>();
  const error = (path: string) => ({ code: 'provider_failed', message: `failed at ${path}`, path });

  const evaluate = ({ path, iteration, variables }: StepInput): StepEvaluation => {
    const step = stepAt(definition, path);
    if (!step) throw new Error(`no step at ${path}`);
    const numberFor = (what: string) => chance(`${seed} ${what} ${path} ${iteration ?? ''}`);
    if (iteration !== undefined) {
      const isWhile = 'repeat' in step && 'while' in step.repeat;
      return { type: 'repeat', iteration, goesOn: numberFor('goes on') < (isWhile ? 60 : 50) };
    }
    if (typeof step.enabled === 'string' && numberFor('skip') < odds.skip) return { type: 'skipped' };
    if (numberFor('fail') < odds.fail) return { type: 'failed', error: error(path) };
    switch (kindOf(step)) {
      case 'choose': {
        const { length } = 'choose' in step ? step.choose : [];
        const index = numberFor('branch') % (length + 1);
        return { type: 'branch', index: index < length ? index : 'else' };
      }
      case 'condition':
        return { type: 'condition', holds: numberFor('holds') < (odds.holds ?? 80), reason: 'it does not hold' };
      case 'variables':
        return { type: 'variables', variables: { ...variables, [`v${numberFor('name') % 3}`]: path } };
      case 'delay':
        return { type: 'delay', until: now() + (numberFor('delay') % 7) * 1_000 };
      case 'wait_until':
      case 'wait_for_trigger': {
        const count = (evaluations.get(path) ?? 0) + 1;
        evaluations.set(path, count);
        if (count > numberFor('evaluations') % 3)
          return { type: 'wait', over: true, completed: numberFor('completed') < 70 };
        const instant = now() + 5_000;
        return {
          type: 'wait',
          over: false,
          note: 'for it',
          recheckAt: numberFor('recheck') < 50 ? instant : null,
          timeoutAt: instant + 9_000,
        };
      }
      case 'repeat': {
        if (!('repeat' in step)) throw new Error('not a loop');
        if ('for_each' in step.repeat) {
          const items = step.repeat.for_each.match(/\w+/g) ?? [];
          return { type: 'repeat', total: items.length, items };
        }
        return 'count' in step.repeat ? { type: 'repeat', total: Number(step.repeat.count) } : { type: 'repeat' };
      }
      default:
        // This includes `stop`, whose reason is not a template in these definitions.
        return { type: 'enabled' };
    }
  };

  const perform = ({ path }: StepInput): StepOutcome => {
    const step = stepAt(definition, path);
    const numberFor = (what: string) => chance(`${seed} ${what} ${path}`);
    if (typeof step?.enabled === 'string' && numberFor('skip') < odds.skip) return { type: 'skipped' };
    if (numberFor('fail') < odds.fail) return { type: 'failed', error: error(path) };
    const isShort = step !== undefined && 'action' in step && step.action === 'test.short';
    if (isShort && numberFor('handover') < odds.handover) {
      return { type: 'handover', attempts: 1, delayMs: (numberFor('pause') % 2) * 700, timeoutMs: 1_000 };
    }
    return { type: 'done' };
  };
  return {
    evaluate: (input) => Promise.resolve(evaluate(input)),
    perform: (input) => Promise.resolve(perform(input)),
  };
}
