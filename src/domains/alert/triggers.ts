import { z } from 'zod';
import type { ConfigComparison, TriggerType } from '../../domain/registry/trigger-type';
import { ALERT_KIND, AlertState, AlertStatus, GroupFacts, silencedDetail } from './alert-entity';
import { groupedKey } from './grouped-key';
import { MatcherError, matchersOf, matchLabels, parseMatchers, type LabelMatcher } from './label-matcher';

const MatcherText = z
  .string()
  .max(2_000)
  .superRefine((text, ctx) => {
    try {
      parseMatchers(text);
    } catch (error) {
      if (!(error instanceof MatcherError)) throw error;
      ctx.addIssue({ code: 'custom', message: `${error.problem} (line 1, column ${error.column} of ${text})` });
    }
  });

/** Label matchers in configs and calls. All of them must match; an empty list matches every alert. */
export const Matchers = z.array(MatcherText).max(50);

const Config = z.strictObject({
  matchers: Matchers.default([]).describe(
    'Label matchers in the syntax of Alertmanager, e.g. severity=~"critical|page"; all must match',
  ),
  source: z.string().min(1).optional().describe('Only alerts of this sender, e.g. grafana, or of this hook'),
  group_by: z
    .array(z.string().min(1))
    .min(1)
    .max(20)
    .optional()
    .describe('Labels whose values form the context key, instead of the fingerprint'),
});

const ChangedConfig = Config.extend({
  ignore_annotations: z.boolean().default(false).describe('Do not fire when only annotations changed'),
});

const Payload = z.object({
  ...AlertState.shape,
  fingerprint: z.string(),
  previousStatus: AlertStatus.nullable(),
  ...GroupFacts.shape,
  changedFields: z.array(z.string()).optional(),
  timestamp: z.string().optional(),
});

type Fields = Record<string, unknown>;

const labelsOf = (state: Fields): Fields => (state['labels'] ?? {}) as Fields;

/** Returns whether a state or payload matches the config of a trigger. */
function isWanted(state: Fields, raw: Fields): boolean {
  const { matchers, source } = raw as { matchers?: string[]; source?: string };
  if (source !== undefined && state['source'] !== source) return false;
  return matchLabels(matchersOf(matchers ?? []), labelsOf(state));
}

/**
 * Returns the comparison that a matcher makes. The actual value is that of the label, or empty if the alert lacks the
 * label.
 */
function comparisonOf({ name, operator, value }: LabelMatcher, index: number, labels: Fields): ConfigComparison {
  const found = Object.hasOwn(labels, name) ? labels[name] : '';
  const wanted = operator === '=' ? value : { [operator]: value };
  return { path: `matchers[${index}]`, expression: `labels.${name}`, found, wanted };
}

const sourceOf = (payload: Fields, source: string): ConfigComparison => ({
  ...{ path: 'source', expression: 'source', found: payload['source'], wanted: source },
});

/**
 * Returns the part of a trigger's config that rejected a payload: `source`, or the first matcher that does not match,
 * or `ignore_annotations`. Call it only when the config does not match.
 */
function mismatch(payload: Fields, raw: Fields): ConfigComparison | undefined {
  const { matchers = [], source } = raw as { matchers?: string[]; source?: string };
  if (source !== undefined && payload['source'] !== source) return sourceOf(payload, source);
  const labels = labelsOf(payload);
  for (const [index, text] of matchers.entries()) {
    const failed = matchersOf([text]).find((matcher) => !matchLabels([matcher], labels));
    if (failed !== undefined) return comparisonOf(failed, index, labels);
  }
  return { path: 'ignore_annotations', expression: 'changedFields', found: payload['changedFields'], wanted: false };
}

/** Returns `source` and each matcher of a trigger's config. Called only when the config matches. */
function matched(payload: Fields, raw: Fields): ConfigComparison[] {
  const { matchers = [], source } = raw as { matchers?: string[]; source?: string };
  const labels = labelsOf(payload);
  return [
    ...(source === undefined ? [] : [sourceOf(payload, source)]),
    ...matchers.flatMap((text, index) => matchersOf([text]).map((matcher) => comparisonOf(matcher, index, labels))),
  ];
}

const groupByOf = (config: Fields): string[] | undefined => config['group_by'] as string[] | undefined;

function contextKey(payload: Fields, config: Fields): string {
  const groupBy = groupByOf(config);
  return groupBy === undefined ? String(payload['fingerprint']) : groupedKey(groupBy, labelsOf(payload));
}

/**
 * Returns whether a dwell continues: the alert is still firing, its state still matches the config, and no silence
 * covers it.
 */
function isStillFiring(state: Fields, _payload: Fields, config: Fields): boolean {
  return state['status'] === 'firing' && state['silencedUntil'] === undefined && isWanted(state, config);
}

type Test = (state: Fields, payload: Fields, config: Fields) => boolean;

const trigger = (
  texts: Pick<TriggerType, 'id' | 'displayName' | 'description'>,
  test: Test,
  more: Partial<TriggerType> = {},
): TriggerType => ({
  ...texts,
  category: 'Alerts',
  payloadSchema: Payload,
  configSchema: Config,
  contextKey,
  contextKeyLabel: 'alert',
  contextKeyLabelOf: (config) => {
    const groupBy = groupByOf(config);
    // The config of a document that is being checked may be invalid.
    return Array.isArray(groupBy) ? `group of alerts by ${groupBy.join(', ')}` : undefined;
  },
  evaluateConfig: isWanted,
  mismatch,
  matched,
  holds: {
    entity: (payload) => ({ kind: ALERT_KIND, id: String(payload['fingerprint']) }),
    test: (state, payload, config) => state !== null && test(state, payload, config),
    endedBy: ({ next, context }) => (next?.['status'] === 'firing' ? silencedDetail(context) : undefined),
    standIn: (payload, config) => {
      const groupBy = groupByOf(config);
      if (groupBy === undefined) return null;
      const key = groupedKey(groupBy, labelsOf(payload));
      return {
        kind: ALERT_KIND,
        accepts: (state) => groupedKey(groupBy, labelsOf(state)) === key && test(state, payload, config),
      };
    },
  },
  ...more,
});

/**
 * Returns whether a change fires the trigger. If the config ignores annotations, only a change to the labels or the
 * severity fires it.
 */
function isWantedChange(payload: Fields, config: Fields): boolean {
  const changed = (payload['changedFields'] ?? []) as string[];
  const counts = config['ignore_annotations'] !== true || changed.includes('labels') || changed.includes('severity');
  return counts && isWanted(payload, config);
}

export const alertTriggers: readonly TriggerType[] = [
  trigger(
    { id: 'fired', displayName: 'Alert fired', description: 'An alert began to fire: a new episode.' },
    isStillFiring,
  ),
  trigger(
    {
      id: 'changed',
      displayName: 'Alert changed',
      description: 'Severity, labels or annotations of a firing alert changed.',
    },
    isStillFiring,
    { configSchema: ChangedConfig, evaluateConfig: isWantedChange },
  ),
  trigger(
    { id: 'resolved', displayName: 'Alert resolved', description: 'An alert stopped firing.' },
    (state) => state['status'] === 'resolved',
  ),
  trigger(
    { id: 'acknowledged', displayName: 'Alert acknowledged', description: 'Somebody acknowledged a firing alert.' },
    (state) => state['status'] === 'firing' && state['acknowledgedAt'] !== undefined,
  ),
];
