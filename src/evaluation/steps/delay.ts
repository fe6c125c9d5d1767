import type { DelayAction } from '../../domain/definition/action';
import { durationMs } from '../../domain/definition/duration';
import type { EvaluateKind } from './evaluated';

/** Determines when a delay ends, measured from this evaluation. */
export const fixDelay: EvaluateKind = async ({ action }, scope, { evaluator, clock }, tx) => {
  const { delay } = action as DelayAction;
  const rendered =
    typeof delay === 'object' && 'template' in delay ? await evaluator.renderDuration(tx, delay.template, scope) : null;
  const ms = durationMs(delay, () => rendered);
  const until = clock.now().getTime() + ms;
  return {
    evaluation: { type: 'delay', until },
    status: 'waiting',
    result: { until: new Date(until).toISOString() },
    waits: true,
  };
};
