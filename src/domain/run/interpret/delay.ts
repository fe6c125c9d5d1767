import { evaluate, note, show } from './around';
import type { StepKind } from './kind';

/**
 * Interprets `delay`: pauses until a time that is determined when the step starts, so that a restart does not extend
 * the delay.
 */
export const delay: StepKind<'delay'> = {
  plan: (_step, base) => ({ ...base, kind: 'delay' }),
  *run(context, node, path) {
    const result = yield* evaluate(context, node, path, 'delay');
    if (result === null) return;
    const text = `until ${new Date(result.until).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    yield* show(context, node, path, 'waiting', text);
    yield { type: 'sleep', node, path, until: result.until, ms: result.ms, note: text, retry: false };
    yield* note(context, node, path, 'success');
  },
};
