import { Option, type Command } from 'commander';
import { z } from 'zod';
import { connect, CONNECTION_HELP } from './client/connect';
import { followRun } from './follow-runs';
import { createOutput, JSON_OPTION } from './print/output';
import { wholeId } from './resource/one';

const Started = z.looseObject({ runId: z.string() });

interface Options {
  from: 'start' | 'failure';
  follow?: true;
  json?: true;
}

/** `fermata retry` */
export function configure(command: Command): void {
  command
    .argument('<run>', 'id of a failed run')
    .addOption(
      new Option('--from <place>', 'failure: steps that succeeded are not repeated; start: everything anew')
        .choices(['failure', 'start'])
        .default('failure'),
    )
    .option('-f, --follow', 'print the steps of the new run until it ends; exit code 1 unless it succeeded')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Starts a new run on the version of the failed one. From the failure, requests carry the idempotency keys of the first try.

Examples:
  fermata retry 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11
  fermata retry 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11 --from start --follow
${CONNECTION_HELP}`,
    )
    .action(async (given: string, { from, follow, json }: Options) => {
      const client = connect();
      const id = await wholeId(client, '/runs', given);
      const output = createOutput();
      const path = `/runs/${encodeURIComponent(id)}/retry`;
      const started = await client.send('POST', path, Started, { body: { json: { from } } });
      if (follow) return followRun(client, started.runId, output, json ? { json } : {});
      if (json) return output.json(started);
      output.line(`${started.runId}  retries ${id}`);
    });
}
