import { saveAutomation } from '../automations';
import { allRouted } from '../events';
import type { Figure } from '../figure';
import type { Platform } from '../platform';
import { startStack, type Stack } from '../stack';
import { perSecond, type Volume } from '../statistics';
import type { Plan } from './plan';

const SYSTEMS = 100;

interface Load {
  /** Number of alerts in a request. */
  batch: number;
  /** Maximum number of concurrent requests. */
  atATime: number;
}

/**
 * Measures part k: accepting and routing Alertmanager alerts. Each alert starts a new episode, and one automation
 * matches all of them.
 */
export async function measureAlerts(platform: Platform, plan: Plan, say: (message: string) => void): Promise<Figure[]> {
  const stack = await startStack(platform, 'alerts');
  try {
    await saveAutomation(stack, {
      name: 'Every alert',
      triggers: [{ event: 'alert.fired', config: { matchers: ['alertname=~"Bench.*"'] } }],
      mode: 'single',
      actions: [{ action: 'automation.log', config: { message: '{{ trigger.payload.runbookUrl }}' } }],
    });
    const figures: Figure[] = [];
    for (const { how, least, load } of [
      { how: 'in batches of 100', least: 2_000, load: { batch: 100, atATime: 4 } },
      { how: 'one by one', least: 400, load: { batch: 1, atATime: 32 } },
    ]) {
      say(`alerts ${how}`);
      await post(stack, load, plan.warmUpSeconds);
      const rate = perSecond([await post(stack, load, plan.eventSeconds)]);
      const target = { text: `≥ ${least.toLocaleString('en-US')}`, met: rate >= least };
      figures.push({ part: 'k', what: how, unit: 'alerts/s', fermata: rate, raw: null, target });
    }
    return figures;
  } finally {
    await stack.stop();
  }
}

let fired = 0;
let groups = 0;

/**
 * Returns an alert for a system. All alerts of one request are for the same system, because Alertmanager groups them.
 */
function alert(system: number): Record<string, unknown> {
  const n = (fired += 1);
  return {
    ...{ status: 'firing', startsAt: new Date().toISOString(), endsAt: '0001-01-01T00:00:00Z' },
    fingerprint: n.toString(16).padStart(16, '0'),
    labels: { alertname: 'BenchDown', severity: 'critical', service: `bench-${system}`, pod: `pod-${n}` },
    annotations: { summary: 'A pod is down', runbook_url: 'https://runbooks.example.org/pod' },
  };
}

/** Posts alerts for `seconds` seconds, and waits until all accepted alerts have been routed. */
async function post(stack: Stack, { batch, atATime }: Load, seconds: number): Promise<Volume> {
  const begin = performance.now();
  let count = 0;
  const lane = async () => {
    while (performance.now() - begin < seconds * 1000) {
      const system = (groups += 1) % SYSTEMS;
      const alerts = Array.from({ length: batch }, () => alert(system));
      await stack.post('/api/v1/ingest/alertmanager', 'application/json', { version: '4', alerts });
      count += batch;
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  await allRouted(stack);
  return { count, ms: performance.now() - begin };
}
