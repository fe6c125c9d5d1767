import { Option, type Command } from 'commander';
import { z } from 'zod';
import { RUN_STATUSES } from '../../db/tables/runs';
import type { ApiClient } from '../client';
import { isOver } from '../client/answers';
import { findAutomation } from '../client/find-automation';
import { createOutput } from '../print/output';
import { UsageError } from '../usage-error';

const Answer = z.looseObject({ matched: z.number(), done: z.number() });

/** Filters that select the runs of a bulk call. */
export interface BulkOptions {
  automation?: string;
  status?: string[];
  contextKey?: string;
  from?: string;
  to?: string;
  errorCode?: string;
}

/** Adds the filter options that all bulk calls have. `runs` names the runs to which the call applies. */
function filterOptions(command: Command, runs: string): Command {
  return command
    .option('-a, --automation <automation>', `${runs} of this automation (name or id)`)
    .option('-k, --context-key <key>', `${runs} with this context key, e.g. a system id`);
}

/** Adds the filter options of a bulk cancellation. */
export function bulkOptionsOfCancel(command: Command): Command {
  return filterOptions(command, 'open runs')
    .option('--error-code <code>', 'open runs that are performing on_failure after this error, e.g. execution_lost')
    .addOption(
      new Option('-s, --status <status...>', 'open runs in this status').choices(
        RUN_STATUSES.filter((each) => !isOver(each)),
      ),
    )
    .option('--from <instant>', 'open runs created at or after this instant, ISO 8601')
    .option('--to <instant>', 'open runs created at or before this instant, ISO 8601');
}

/**
 * Adds the filter options of a bulk retry. The options for time have other names, because `--from` already selects the
 * step to retry from.
 */
export function bulkOptionsOfRetry(command: Command): Command {
  return filterOptions(command, 'failed runs')
    .option('--error-code <code>', 'runs that failed with this error code, e.g. execution_lost')
    .option('--created-from <instant>', 'failed runs created at or after this instant, ISO 8601')
    .option('--created-to <instant>', 'failed runs created at or before this instant, ISO 8601');
}

/** Returns whether any filter is set. */
const isBulk = (options: BulkOptions): boolean => Object.values(pick(options)).some((each) => each !== undefined);

const pick = ({ automation, status, contextKey, from, to, errorCode }: BulkOptions) => ({
  ...{ automation, status, contextKey, from, to, errorCode },
});

/** Cancels or retries all runs that match the filters. Prints how many matched and how many were changed. */
export async function callForMatching(
  client: ApiClient,
  call: 'cancel' | 'retry',
  options: BulkOptions & { json?: true },
): Promise<void> {
  const { automation, ...filters } = pick(options);
  const automationId = automation === undefined ? undefined : (await findAutomation(client, automation)).id;
  const body = { json: { automationId, ...filters } };
  const answer = await client.send('POST', `/runs/${call}`, Answer, { body });
  const output = createOutput();
  if (options.json) return output.json(answer);
  output.line(`${answer.matched} matched, ${answer.done} ${call === 'cancel' ? 'cancelled' : 'retried'}`);
}

/**
 * Returns the id of one run, or undefined for a bulk call.
 * @throws {UsageError} when both an id and a filter are given, or neither
 */
export function oneOrBulk(id: string | undefined, options: BulkOptions): string | undefined {
  if (id !== undefined && isBulk(options)) throw new UsageError('Give the id of a run or filters, not both.');
  if (id === undefined && !isBulk(options)) throw new UsageError('Give the id of a run, or at least one filter.');
  return id;
}
