import { stringify } from 'yaml';
import type { components } from '../../api/schema';
import { isRecord } from '../../lib/records';

/** Input and result of a dry run. */
export interface Tried {
  given: { triggerId?: string; payload?: Record<string, unknown>; contextKey?: string; changeId?: string };
  result: Pick<components['schemas']['DryRun'], 'outcome' | 'steps' | 'end'>;
}

interface TestInput {
  name: string;
  definition: unknown;
  event: string;
  tried: Tried;
}

/**
 * Virtual time at which the test checks its expectations. Most delays are shorter, and virtual time passes instantly.
 */
const EXPECTED_AT = '7d';

/**
 * Returns a YAML file for `fermata test` that expects the outcome of a dry run. Returns undefined when the test format
 * cannot express the dry run's input.
 */
export function testOf({ name, definition, event, tried: { given, result } }: TestInput): string | undefined {
  const happens = happeningOf(name, event, given, result.outcome === 'would_run');
  if (happens === undefined || !isRecord(definition)) return undefined;
  const expected =
    result.outcome === 'would_run'
      ? {
          runs: [
            {
              status: result.end?.status ?? 'success',
              steps: result.steps
                .filter(({ status }) => status !== 'skipped')
                .map(({ path, status }) => ({ path, status })),
            },
          ],
        }
      : { runs: [] };
  return stringify(
    {
      automations: [definition],
      tests: [{ name, events: [{ at: '1m', ...happens }], expect: [{ at: EXPECTED_AT, ...expected }] }],
    },
    { lineWidth: 0 },
  );
}

function happeningOf(name: string, event: string, { triggerId, payload, contextKey }: Tried['given'], runs: boolean) {
  if (payload === undefined) return undefined;
  if (event === 'automation.event') {
    const { type, subject, data } = payload;
    return { event: { type, ...(subject === undefined ? {} : { subject }), ...(data === undefined ? {} : { data }) } };
  }
  // A run that is started manually skips the gates of its trigger, so a test with one cannot expect a gate to refuse the event.
  if (!runs) return undefined;
  const more = {
    ...(triggerId === undefined ? {} : { triggerId }),
    ...(contextKey === undefined ? {} : { contextKey }),
  };
  return { trigger: { automation: name, ...more, payload } };
}
