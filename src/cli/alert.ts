import type { Command } from 'commander';
import { AlertDetail } from './client/answers';
import { connect, CONNECTION_HELP } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';
import { instantText } from './print/time-text';

/** Configures `fermata alert`. */
export function configure(command: Command): void {
  command
    .argument('<fingerprint>', 'id of the alert, as `fermata alerts` prints it')
    .option(...JSON_OPTION)
    .addHelpText('after', `\nExamples:\n  fermata alert c7a9f21b0e5d4a63\n${CONNECTION_HELP}`)
    .action(async (fingerprint: string, options: { json?: true }) => show(fingerprint, options));
}

async function show(fingerprint: string, { json }: { json?: true }): Promise<void> {
  const output = createOutput();
  const alert = await connect().get(`/alerts/${encodeURIComponent(fingerprint)}`, AlertDetail);
  if (json) return output.json(alert);
  const since = instantText(alert.endsAt ?? alert.startsAt);
  output.line(`${alert.name ?? alert.fingerprint} has been ${alert.status} since ${since} UTC`);
  const facts = {
    fingerprint: alert.fingerprint,
    source: alert.source,
    severity: alert.severity ?? undefined,
    system: alert.systemId,
    runbook: alert.runbookUrl,
    'acknowledged by': alert.acknowledgedBy,
    'silenced until': alert.silencedUntil,
    repeats: String(alert.repeats),
  };
  for (const [name, value] of Object.entries(facts)) if (value !== undefined) output.line(`  ${name}: ${value}`);
  for (const [name, value] of Object.entries(alert.labels)) output.line(`  label ${name}=${JSON.stringify(value)}`);
  for (const [name, value] of Object.entries(alert.annotations)) output.line(`  annotation ${name}: ${value}`);
  output.table(
    ['EPISODE FROM (UTC)', 'TO (UTC)', 'ENDED BY'],
    alert.episodes.map(({ startsAt, endsAt, endedBy }) => [
      instantText(startsAt),
      endsAt === null ? '-' : instantText(endsAt),
      endedBy ?? '-',
    ]),
  );
  if (alert.runs.length === 0) return output.line('The alert caused no runs.');
  output.table(
    ['RUN', 'STATUS', 'CAUSED', 'AUTOMATION'],
    alert.runs.map(({ id, status, indirect, automationName }) => [
      id,
      status,
      indirect ? 'indirectly' : 'directly',
      automationName,
    ]),
  );
}
