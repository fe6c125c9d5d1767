import { z } from 'zod';
import { numericValue } from '../../../domain/expressions/numeric';
import { ownValue } from '../../../domain/expressions/plain-data';
import type { TriggerType } from '../../../domain/registry/trigger-type';

/** A field of a result: `latencyMs`, `collectors.<id>.<field>` or `<id>.<field>`. */
const FIELD = /^(?:latencyMs|[^.\s][^.]*(?:\.[^.]+)+)$/;
const P95 = /^p95_?latency_?ms$/i;

const Field = z.string().superRefine((field, ctx) => {
  if (P95.test(field)) {
    const message =
      'A single result has no p95LatencyMs: use the condition {numeric_state: {value: health.system.p95_latency_ms, above: …}}';
    ctx.addIssue({ code: 'custom', message });
  } else if (!FIELD.test(field) || field === 'collectors' || /^collectors\.[^.]+$/.test(field)) {
    ctx.addIssue({ code: 'custom', message: 'Expected latencyMs, collectors.<id>.<field> or <id>.<field>' });
  }
});

const Config = z
  .strictObject({
    field: Field,
    above: z.number().optional(),
    below: z.number().optional(),
    /** `level` fires for each result past the bound; `crossing` fires only for a result that enters the range. */
    on: z.enum(['level', 'crossing']).default('level'),
  })
  .superRefine(({ above, below }, ctx) => {
    if (above === undefined && below === undefined) {
      ctx.addIssue({ code: 'custom', message: 'Give "above", "below" or both' });
    } else if (above !== undefined && below !== undefined && above >= below) {
      ctx.addIssue({ code: 'custom', message: `No number can be above ${above} and below ${below}` });
    }
  });
type Config = z.infer<typeof Config>;

const Payload = z.object({
  systemId: z.string(),
  configurationId: z.string(),
  status: z.string(),
  field: z.string(),
  value: z.number(),
  above: z.number().nullable(),
  below: z.number().nullable(),
  timestamp: z.string(),
});

/** Returns the number in a field of a completed check, or undefined when the field contains no number. */
function valueOf(payload: Record<string, unknown>, field: string): number | undefined {
  if (field === 'latencyMs') return numericValue(payload.latencyMs);
  const [id = '', ...rest] = field.replace(/^collectors\./, '').split('.');
  const collector = ownValue(ownValue(payload.result, 'collectors'), id);
  const flat = numericValue(ownValue(collector, rest.join('.')));
  return flat ?? numericValue(rest.reduce<unknown>((value, key) => ownValue(value, key), collector));
}

const isIn = (value: number, { above, below }: Config): boolean =>
  (above === undefined || value > above) && (below === undefined || value < below);

/** Fires for check results in which a number is above or below a bound. */
export const numericStateTrigger: TriggerType = {
  id: 'numeric_state',
  displayName: 'Number past a bound',
  description:
    'A check result has a number above or below a bound. Fires each time, or only when the number crosses the bound.',
  category: 'Automation',
  payloadSchema: Payload,
  configSchema: Config,
  contextKey: (payload) => String(payload.systemId),
  contextKeyLabel: 'system',
  source: 'healthcheck.check_completed',
  payloadOf(payload, raw) {
    const { field, above = null, below = null } = Config.parse(raw);
    const value = valueOf(payload, field);
    if (value === undefined) return null;
    const { systemId, configurationId, status, timestamp } = payload;
    return { systemId, configurationId, status, field, value, above, below, timestamp };
  },
  evaluateConfig(payload, raw) {
    const value = numericValue(payload.value);
    return value !== undefined && isIn(value, Config.parse(raw));
  },
  mismatch({ value }, raw) {
    const { field, above, below } = Config.parse(raw);
    const isLow = above !== undefined && !(typeof value === 'number' && value > above);
    const [path, wanted] = isLow ? ['above', { '>': above }] : ['below', { '<': below }];
    return { path, expression: field, found: value ?? null, wanted };
  },
  matched({ value }, raw) {
    const { field, above, below } = Config.parse(raw);
    const part = (path: string, wanted: unknown) => ({ path, expression: field, found: value ?? null, wanted });
    return [
      ...(above === undefined ? [] : [part('above', { '>': above })]),
      ...(below === undefined ? [] : [part('below', { '<': below })]),
    ];
  },
  entering(raw) {
    const config = Config.parse(raw);
    if (config.on === 'level') return null;
    return {
      inRange(payload) {
        const value = valueOf(payload, config.field);
        return value === undefined ? undefined : isIn(value, config);
      },
    };
  },
  holds: {
    reads: 'source',
    entity: (payload) => ({ kind: 'health', id: String(payload.systemId) }),
    test(state, _payload, raw) {
      if (state === null) return false;
      const config = Config.parse(raw);
      const value = valueOf(state, config.field);
      return value === undefined ? undefined : isIn(value, config);
    },
  },
};
