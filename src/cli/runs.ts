import type { Command } from 'commander';
import { RUN_STATUSES } from '../db/tables/runs';
import type { ApiClient } from './client';
import { Run, RunDetail } from './client/answers';
import { connect, CONNECTION_HELP } from './client/connect';
import { findAutomation } from './client/find-automation';
import { followAllRuns, followRun } from './follow-runs';
import { createOutput, JSON_OPTION, type Output } from './print/output';
import { toneOf } from './print/paint';
import { durationText, elapsedMs, instantText } from './print/time-text';
import { renderRun } from './print/timeline';
import { wholeId } from './resource/one';
import { UsageError } from './usage-error';

interface Options {
  json?: true;
  follow?: true;
  automation?: string;
  status?: string;
  errorCode?: string;
  limit: string;
}

/** Configures `fermata runs`. */
export function configure(command: Command): void {
  command
    .argument('[run]', 'id of a run: show its steps, with times, results and errors')
    .option(
      '-f, --follow',
      'keep printing new events; with a run id, stop when it ends and exit with 1 unless it succeeded',
    )
    .option('-a, --automation <automation>', 'only runs of this automation (name or id)')
    .option(
      '-s, --status <status>',
      'pending, running, waiting, success, failed, cancelled; separate several with commas',
    )
    .option('--error-code <code>', 'only runs that failed with this error code, e.g. execution_lost')
    .option('-n, --limit <count>', 'maximum number to list, newest first by the time of their creation', '20')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
With --json, --follow prints one JSON document per line.

Examples:
  fermata runs
  fermata runs --status failed,cancelled --limit 100
  fermata runs --error-code execution_lost
  fermata runs 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11 --follow
${CONNECTION_HELP}`,
    )
    .action(async (given: string | undefined, options: Options) => {
      const client = connect();
      const id = given === undefined ? undefined : await wholeId(client, '/runs', given);
      const output = createOutput();
      if (id !== undefined && options.follow) return followRun(client, id, output, options);
      if (id !== undefined) return printOne(client, id, options, output);
      await printAll(client, options, output);
      if (options.follow) await followAllRuns(client, output, options);
    });
}

async function printOne(client: ApiClient, id: string, { json }: Options, output: Output): Promise<void> {
  const detail = await client.get(`/runs/${encodeURIComponent(id)}`, RunDetail);
  if (json) output.json(detail);
  else output.line(renderRun(detail, output));
}

async function printAll(client: ApiClient, options: Options, output: Output): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit must be a whole number above 0.');
  const { automation, status, errorCode } = options;
  const unknown = status?.split(',').find((each) => !RUN_STATUSES.some((known) => known === each.trim()));
  if (unknown !== undefined) {
    throw new UsageError(`--status: "${unknown}" is not a status of runs. Known: ${RUN_STATUSES.join(', ')}.`);
  }
  const automationId = automation === undefined ? undefined : (await findAutomation(client, automation)).id;
  const items = await client.list('/runs', Run, { automationId, status, errorCode, limit });
  if (options.json) {
    if (options.follow) for (const item of items) output.line(JSON.stringify(item));
    else output.json(items);
    return;
  }
  if (items.length === 0) return output.line('No runs.');
  output.table(
    ['ID', 'STATUS', 'STARTED (UTC)', 'TOOK', 'EVENT', 'ABOUT', 'AUTOMATION'],
    items.map((run) => {
      const took = elapsedMs(run.startedAt, run.finishedAt);
      return [
        run.id,
        { text: run.status, tone: toneOf(run.status) },
        instantText(run.startedAt),
        took === undefined ? '-' : durationText(took),
        run.customType ?? run.triggerEvent ?? (run.triggerId == null ? 'manually' : '-'),
        run.contextName ?? run.contextKey ?? '-',
        run.automationName,
      ];
    }),
  );
}
