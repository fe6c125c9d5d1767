import type { components } from '../api/schema';

type Alert = Pick<components['schemas']['Alert'], 'severity' | 'silencedUntil'>;

/** Known severities of alerts. Sources may use any other severity. */
export const SEVERITIES: readonly string[] = ['critical', 'warning', 'info'];

/** Returns whether a silence covers an alert now. */
export const isSilenced = ({ silencedUntil }: Alert): boolean =>
  silencedUntil !== undefined && Date.parse(silencedUntil) > Date.now();

/** Returns the rank of a severity. Unknown severities rank after `critical`, because they may be as severe. */
function rankOf(severity: string | null): number {
  const known = SEVERITIES.indexOf(severity?.toLowerCase() ?? '');
  return known < 0 ? 0.5 : known;
}

/** Returns the alerts from most to least severe, and silenced alerts last. Equal alerts keep their order. */
export const mostUrgentFirst = <Each extends Alert>(alerts: readonly Each[]): Each[] =>
  [...alerts].sort((a, b) => Number(isSilenced(a)) - Number(isSilenced(b)) || rankOf(a.severity) - rankOf(b.severity));
