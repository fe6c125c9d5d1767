import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Command } from 'commander';
import { loadConfig } from '../config';
import { packageVersion } from '../package-version';
import { dataConverterOf } from '../temporal/codec/data-converter';
import { lazyClient } from '../temporal/connect';
import { replayOpen, type ReplayReport } from '../temporal/replay-open';
import { workflowBundle } from '../temporal/worker';
import { createOutput, JSON_OPTION, type Output } from './print/output';
import { UsageError } from './usage-error';

const DEFAULT_LIMIT = '100';

/** Configures `fermata replay-check`. */
export function configure(command: Command): void {
  command
    .option('-n, --limit <count>', 'maximum number of executions of each workflow type, newest first', DEFAULT_LIMIT)
    .option(JSON_OPTION[0], 'print the report as JSON')
    .addHelpText(
      'after',
      `
Replays the histories of open executions on the workflow code of this build. Run it from a new release before you start its
workers, with their settings (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, FERMATA_TASK_QUEUE, FERMATA_SECRET_KEY). It only reads
from Temporal. Exit code 1 if a history cannot be replayed: workers of this build could not continue that run.

Examples:
  fermata replay-check
  fermata replay-check --limit 1000 --json
`,
    )
    .action(async ({ limit, json }: { limit: string; json?: true }) => {
      const count = Number(limit);
      if (!Number.isInteger(count) || count < 1) throw new UsageError('--limit must be a whole number above 0.');
      const config = loadConfig(process.env, []);
      const { temporal, taskQueue } = config;
      const dataConverter = dataConverterOf(config);
      const output = createOutput();
      // Suppress the SDK's warnings, because differences are reported below.
      Runtime.install({
        logger: new DefaultLogger('ERROR', () => undefined),
        telemetryOptions: { logging: { filter: 'OFF', forward: {} } },
      });
      const client = lazyClient(temporal, dataConverter);
      try {
        const report = await replayOpen({
          ...{ client, dataConverter, taskQueue, limit: count },
          bundle: await workflowBundle(),
        });
        if (json) output.json({ version: packageVersion(), taskQueue, ...report });
        else print(report, output);
        if (report.failures.length > 0) process.exitCode = 1;
      } finally {
        await client.connection.close();
      }
    });
}

function print({ types, failures }: ReplayReport, output: Output): void {
  for (const { workflowType, replayed, failed, more } of types) {
    const rest = more ? ' (there are more: see --limit)' : '';
    output.line(`${workflowType}: ${replayed} open executions replayed, ${failed} failed${rest}`);
  }
  for (const { runId, workflowId, message } of failures) {
    output.line(`FAILED  ${runId === null ? '' : `run ${runId}, `}workflow ${workflowId}`);
    output.line(`        ${message}`);
  }
  output.line(
    failures.length === 0
      ? 'This build can replay them.'
      : 'This build cannot continue the executions listed as FAILED.',
  );
}
