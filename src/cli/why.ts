import type { Command } from 'commander';
import type { ApiClient } from './client';
import { Alert, ChangeDetail, ChangeSummary, RunDetail, type Candidate, type ChangeRef } from './client/answers';
import { connect, CONNECTION_HELP } from './client/connect';
import { ApiProblem } from './client/problem';
import { createOutput, JSON_OPTION, type Output } from './print/output';
import { paint, plain } from './print/paint';
import { stepLines } from './print/timeline';
import {
  candidateSentence,
  changeLine,
  effectText,
  eventNames,
  heldText,
  refText,
  repeatText,
  routingProblem,
} from './print/why-text';
import { UsageError } from './usage-error';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Maximum number of steps to show for a run. */
const MAX_STEPS = 40;

interface Options {
  since: string;
  limit: string;
  json?: true;
}

/** Configures `fermata why`. */
export function configure(command: Command): void {
  command
    .argument('<what>', 'id of a change, fingerprint of an alert, id of a system or entity, or name of an event')
    .option('--since <duration>', 'how far to look back, e.g. 30m, 1h, 2d', '24h')
    .option('-n, --limit <count>', 'maximum number of changes to explain, newest first', '5')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Shows for each change which automations listen to it, what each did, and why. With --json, prints the answers of
GET /changes/{id} as a list.

Examples:
  fermata why 3f1c5a9d2b7e4c60
  fermata why db-1 --since 1h
  fermata why alert.fired --since 1h --limit 20
  fermata why 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11
${CONNECTION_HELP}`,
    )
    .action(async (what: string, options: Options) => {
      const limit = Number(options.limit);
      if (!Number.isInteger(limit) || limit < 1) throw new UsageError('--limit must be a whole number above 0.');
      const client = connect();
      const output = createOutput();
      const details = await detailsOf(client, what, { since: options.since, limit });
      if (options.json) return output.json(details);
      if (details.length === 0) return output.line(await nothingFound(client, what, options.since));
      for (const detail of details) await print(client, detail, output);
    });
}

/**
 * Returns the change with the given id. If it does not exist, returns the newest changes of the entity or system with
 * this id. If there are no such changes either, returns the newest changes from which triggers can receive an event
 * with this name.
 */
async function detailsOf(
  client: ApiClient,
  what: string,
  { since, limit }: { since: string; limit: number },
): Promise<ChangeDetail[]> {
  if (UUID.test(what)) {
    const found = await orNone(client.get(`/changes/${what}`, ChangeDetail));
    if (found !== undefined) return [found];
  }
  const ofSystem = await client.list('/changes', ChangeSummary, { system: what, since, limit });
  const summaries =
    ofSystem.length > 0 ? ofSystem : await client.list('/changes', ChangeSummary, { event: what, since, limit });
  return Promise.all(summaries.map(({ changeId }) => client.get(`/changes/${changeId}`, ChangeDetail)));
}

/** Returns undefined if the API answers that the resource was not found. */
async function orNone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return undefined;
    throw error;
  }
}

async function nothingFound(client: ApiClient, what: string, since: string): Promise<string> {
  const alert = await orNone(client.get(`/alerts/${encodeURIComponent(what)}`, Alert));
  if (alert !== undefined) return repeatText(alert, since);
  return plain(
    `Nothing about "${what}" was received within the last ${since}: no change, no event, no alert. ` +
      '"fermata deliveries" lists messages that were refused.',
  );
}

async function print(client: ApiClient, detail: ChangeDetail, output: Output): Promise<void> {
  const { change, candidates, waits, causes } = detail;
  output.line(paint(changeLine(detail), 'strong', output.colours));
  const printSources = (refs: readonly ChangeRef[] = []) => {
    for (const { from = [], ...ref } of refs) {
      for (const each of [ref, ...from]) output.line(`  caused by ${refText(each)} (change ${each.changeId})`);
    }
  };
  printSources(causes.from);
  for (const { automationName, runId, from } of causes.up) {
    output.line(`  caused by run ${runId}${automationName === null ? '' : ` of "${plain(automationName)}"`}`);
    printSources(from);
  }
  const problem = routingProblem(change);
  if (problem !== undefined) output.line(`  ${problem}`);
  else if (candidates === null) output.line('  The outcome of this change is no longer kept.');
  else if (candidates.length === 0) {
    const events = eventNames(change).join(' or ') || 'changes of it';
    output.line(`  No automation listens to ${plain(events)}.`);
  }
  for (const candidate of candidates ?? []) await printCandidate(client, candidate, output);
  for (const effect of causes.to ?? []) output.line(`  ${effectText(effect)}`);
  for (const { runId, path, woken } of waits) {
    output.line(`  ${woken ? 'It woke' : 'It did not wake'} the wait of run ${runId} at ${plain(path)}.`);
  }
  output.line();
}

async function printCandidate(client: ApiClient, candidate: Candidate, output: Output): Promise<void> {
  const { runId } = candidate;
  const detail = runId === undefined ? undefined : await orNone(client.get(`/runs/${runId}`, RunDetail));
  output.line(`  ${candidateSentence(candidate, detail?.run)}`);
  const { outcome, window } = candidate;
  if (outcome === 'started' && window !== undefined)
    output.line(`    ${window.count} of ${window.needed} events were in the window`);
  for (const part of candidate.heldWhenArmed ?? []) output.line(`    ${heldText(part)} (when the dwell was armed)`);
  for (const part of candidate.held ?? []) output.line(`    ${heldText(part)}`);
  if (detail === undefined) return;
  for (const step of detail.steps.slice(0, MAX_STEPS)) {
    for (const line of stepLines(step, detail.run, output)) output.line(`    ${line}`);
  }
}
