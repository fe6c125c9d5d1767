import type { Command } from 'commander';
import { Alert } from './client/answers';
import { connect, CONNECTION_HELP } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';
import { instantText } from './print/time-text';
import { UsageError } from './usage-error';

interface Options {
  json?: true;
  firing?: true;
  limit: string;
}

/** Configures `fermata alerts`. */
export function configure(command: Command): void {
  command
    .argument('[matchers...]', 'label matchers in the syntax of Alertmanager; all must match')
    .option('--firing', 'only alerts that are firing')
    .option('-n, --limit <count>', 'maximum number of alerts, newest first', '50')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `\nExamples:\n  fermata alerts --firing\n  fermata alerts 'alertname="DiskFull"' 'env=~"prod|stage"'\n${CONNECTION_HELP}`,
    )
    .action(async (matchers: string[], options: Options) => list(matchers, options));
}

async function list(matchers: readonly string[], options: Options): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit must be a whole number above 0.');
  const output = createOutput();
  // Several matchers may also be given as one text in braces.
  const joined = matchers.map((each) => each.trim().replace(/^\{(.*)\}$/s, '$1')).filter((each) => each !== '');
  const query = {
    ...(options.firing && { status: 'firing' }),
    ...(joined.length > 0 && { matchers: joined.join(',') }),
  };
  const items = await connect().list('/alerts', Alert, { ...query, limit });
  if (options.json) return output.json(items);
  if (items.length === 0) return output.line('No alerts.');
  output.table(
    ['FINGERPRINT', 'STATUS', 'SEVERITY', 'SINCE (UTC)', 'SYSTEM', 'NAME'],
    items.map((alert) => [
      alert.fingerprint,
      alert.silencedUntil === undefined ? alert.status : `${alert.status} (silenced)`,
      alert.severity ?? '-',
      instantText(alert.startsAt),
      alert.systemId ?? '-',
      alert.name ?? '-',
    ]),
  );
}
