import { setTimeout as sleep } from 'node:timers/promises';
import { startReceiver } from '../../test/support/receiver';
import { until } from '../../test/support/until';
import { saveAutomation } from '../automations';
import { postEvents } from '../events';
import { createFermataEngine } from '../fermata-engine';
import type { Figure } from '../figure';
import { atPace, type Load } from '../load';
import type { Platform } from '../platform';
import { startStack } from '../stack';
import { percentile } from '../statistics';
import type { Plan } from './plan';

const HANGING = 200;
const HANGS_MS = 5_000;
const PER_SECOND = 5;
const TYPE = 'bench.hanging';

/** Measures part l: runs that call a fast server, first alone, then while 200 runs call a server that hangs for 5 s. */
export async function measureSlowOrigins(
  platform: Platform,
  plan: Plan,
  say: (message: string) => void,
): Promise<Figure[]> {
  const stack = await startStack(platform, 'slow');
  const hanging = await startReceiver();
  hanging.answerWith(async (_received, response) => {
    await sleep(HANGS_MS);
    response.end('ok');
  });
  try {
    await saveAutomation(stack, {
      name: 'Hanging',
      mode: 'parallel',
      max_runs: 1000,
      triggers: [{ event: 'automation.event', config: { type: TYPE } }],
      actions: [{ action: 'integration-webhook.send', config: { url: hanging.url }, retry: { max_attempts: 1 } }],
    });
    const engine = await createFermataEngine(platform, stack, [1]);
    const load: Load = { engine, effects: platform.effects, requests: 1 };
    await atPace(load, PER_SECOND, plan.warmUpSeconds);
    say('runs to a quick server, alone');
    const alone = await atPace(load, PER_SECOND, 2 * plan.latencySeconds);
    say(`the same beside ${HANGING} runs whose server hangs for ${HANGS_MS / 1_000} s`);
    const events = Array.from({ length: HANGING }, (_, n) => ({ type: TYPE, subject: `hanging-${n}`, data: {} }));
    for (let from = 0; from < HANGING; from += 100) await postEvents(stack, events.slice(from, from + 100));
    await until('they hang', () => hanging.received.length > 0);
    const beside = await atPace(load, PER_SECOND, 2 * plan.latencySeconds);
    return [0.5, 0.95].map((share): Figure => {
      const [ours, own] = [percentile(beside, share), percentile(alone, share)];
      return {
        ...{ part: 'l', what: `event → effect beside ${HANGING} hanging runs, alone, p${share * 100}`, unit: 'ms' },
        ...{ fermata: ours, raw: own },
        ...(share === 0.95 && { target: { text: '≤ 2 × alone', met: ours <= 2 * own } }),
      };
    });
  } finally {
    await stack.stop();
    await hanging.close();
  }
}
