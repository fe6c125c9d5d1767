import { Option, type Command } from 'commander';
import { z } from 'zod';
import { connect, CONNECTION_HELP } from './client/connect';
import { followRun } from './follow-runs';
import { createOutput, JSON_OPTION } from './print/output';
import { bulkOptionsOfRetry, callForMatching, oneOrBulk, type BulkOptions } from './resource/bulk';
import { wholeId } from './resource/one';
import { UsageError } from './usage-error';

const Started = z.looseObject({ runId: z.string() });

interface Options extends Pick<BulkOptions, 'automation' | 'contextKey' | 'errorCode'> {
  createdFrom?: string;
  createdTo?: string;
  from: 'start' | 'failure';
  follow?: true;
  json?: true;
}

/** Configures `fermata retry`. */
export function configure(command: Command): void {
  command
    .argument('[run]', 'id of a failed run; without it, all failed runs that match the filters are retried')
    .addOption(
      new Option('--from <place>', 'failure: continue at the failed step; start: run all steps again')
        .choices(['failure', 'start'])
        .default('failure'),
    )
    .option('-f, --follow', 'print the steps of the new run until it ends; exit code 1 unless it succeeded')
    .option(...JSON_OPTION);
  bulkOptionsOfRetry(command)
    .addHelpText(
      'after',
      `
Starts a new run on the same version. A retry from the failure repeats no step that succeeded, and its requests carry the
same idempotency keys. With filters, retries all matching failed runs that have no retry yet, each from its failure.

Examples:
  fermata retry 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11
  fermata retry 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11 --from start --follow
  fermata retry --error-code execution_lost
${CONNECTION_HELP}`,
    )
    .action(async (given: string | undefined, { from, follow, json, createdFrom, createdTo, ...filters }: Options) => {
      const client = connect();
      const bulk: BulkOptions = {
        ...filters,
        ...(createdFrom !== undefined && { from: createdFrom }),
        ...(createdTo !== undefined && { to: createdTo }),
      };
      const one = oneOrBulk(given, bulk);
      if (one === undefined) {
        if (from === 'start' || follow) throw new UsageError('--from start and --follow need the id of one run.');
        return callForMatching(client, 'retry', { ...bulk, ...(json && { json }) });
      }
      const id = await wholeId(client, '/runs', one);
      const output = createOutput();
      const path = `/runs/${encodeURIComponent(id)}/retry`;
      const started = await client.send('POST', path, Started, { body: { json: { from } } });
      if (follow) return followRun(client, started.runId, output, json ? { json } : {});
      if (json) return output.json(started);
      output.line(`${started.runId}  retries ${id}`);
    });
}
