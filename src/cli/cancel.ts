import type { Command } from 'commander';
import { Run } from './client/answers';
import { connect, CONNECTION_HELP } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';
import { plain } from './print/paint';
import { bulkOptionsOfCancel, callForMatching, oneOrBulk, type BulkOptions } from './resource/bulk';
import { wholeId } from './resource/one';

/** Configures `fermata cancel`. */
export function configure(command: Command): void {
  command
    .argument('[run]', 'id of the run; without it, all open runs that match the filters are cancelled')
    .option(...JSON_OPTION);
  bulkOptionsOfCancel(command)
    .addHelpText(
      'after',
      `
A cancelled run performs no further steps. A request that was already sent may still finish.

Examples:
  fermata cancel 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11
  fermata cancel --automation "Page and escalate" --status waiting
  fermata cancel --context-key checkout --from 2026-11-20T09:00:00Z
${CONNECTION_HELP}`,
    )
    .action(async (given: string | undefined, options: BulkOptions & { json?: true }) => {
      const client = connect();
      const one = oneOrBulk(given, options);
      if (one === undefined) return callForMatching(client, 'cancel', options);
      const id = await wholeId(client, '/runs', one);
      const run = await client.send('POST', `/runs/${encodeURIComponent(id)}/cancel`, Run);
      const output = createOutput();
      if (options.json) output.json(run);
      else output.line(`${run.id}  ${run.status}  ${plain(run.automationName)}`);
    });
}
