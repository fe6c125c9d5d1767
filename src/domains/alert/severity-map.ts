import { z } from 'zod';
import type { HealthStatus } from '../healthcheck/health-status';

/** Returns the health status that an alert's severity gives its system, or null when the severity has no effect. */
export type SeverityMap = (severity: string | null) => HealthStatus | null;

const HEALTH = { unhealthy: 'unhealthy', degraded: 'degraded', none: null } as const;

/**
 * Parses rules of the form `critical,page=unhealthy; none=none; *=degraded`. Severities are case-insensitive, and `*`
 * matches all other severities. If several rules name a severity, the first one is used.
 */
export const SeverityRules = z.string().transform((text, ctx): ReadonlyMap<string, HealthStatus | null> => {
  const rules = new Map<string, HealthStatus | null>();
  for (const part of text.split(';')) {
    if (part.trim() === '') continue;
    const [names = '', health = '', ...more] = part.split('=').map((each) => each.trim());
    if (more.length > 0 || !Object.hasOwn(HEALTH, health) || names === '') {
      ctx.addIssue(`must be rules such as "critical,page=unhealthy; *=degraded"; "${part.trim()}" is not a rule`);
      continue;
    }
    for (const name of names.split(',')) {
      const key = name.trim().toLowerCase();
      if (key !== '' && !rules.has(key)) rules.set(key, HEALTH[health as keyof typeof HEALTH]);
    }
  }
  return rules;
});

/** Rules that apply when none are configured. */
export const DEFAULT_SEVERITY_RULES = 'critical,page,fatal,emergency,p1=unhealthy; none,info,ok,p5=none; *=degraded';

/** Creates the function that applies the rules. Without a rule for `*`, severities without a rule have no effect. */
export function severityMap(rules: ReadonlyMap<string, HealthStatus | null>): SeverityMap {
  return (severity) => {
    const key = (severity ?? '').trim().toLowerCase();
    return (rules.has(key) ? rules.get(key) : rules.get('*')) ?? null;
  };
}
