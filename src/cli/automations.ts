import { Option, type Command } from 'commander';
import { Automation, EvaluationRow, Run } from './client/answers';
import type { ApiClient } from './client';
import { connect, CONNECTION_HELP } from './client/connect';
import { findAutomation, UUID } from './client/find-automation';
import { createOutput, JSON_OPTION, type Output } from './print/output';
import { paint, plain, toneOf } from './print/paint';
import { durationText, elapsedMs, instantText } from './print/time-text';
import { resultText } from './print/timeline';

const SHOWN_RUNS = 5;
const SHOWN_EVALUATIONS = 20;
/** Maximum number of reasons to show. */
const SHOWN_WHY = 200;

interface Options {
  json?: true;
  yaml?: true;
  why?: true;
  about?: string;
  group?: string;
  status?: string;
}

/** Configures `fermata automations`. */
export function configure(command: Command): void {
  command
    .argument('[automation]', 'name or id of an automation: show it, its last runs and why it did not run')
    .option(...JSON_OPTION)
    .option('--yaml', 'print the definition of the automation as YAML')
    .option(
      '--why',
      'list only the reasons why it did not run, with a longer history; without a name, the reasons of all automations, including deleted ones',
    )
    .option(
      '--about <subject>',
      'only reasons with this context key, e.g. the id of a system or the fingerprint of an alert',
    )
    .option('--group <group>', 'only automations of this group; "" = those without a group')
    .addOption(new Option('--status <status>', 'only automations with this status').choices(['enabled', 'disabled']))
    .addHelpText(
      'after',
      `
Examples:
  fermata automations
  fermata automations --group on-call --json
  fermata automations "Alert opens an incident"
  fermata automations "Alert opens an incident" --why
  fermata automations "Alert opens an incident" --about db-1
  fermata automations --why --about db-1
${CONNECTION_HELP}`,
    )
    .action(async (nameOrId: string | undefined, options: Options) => {
      const client = connect();
      const output = createOutput();
      const { why, about } = options;
      if (nameOrId === undefined && (why || about !== undefined)) await printReasons(client, options, output);
      else if (nameOrId !== undefined && why) await printReasonsOf(client, nameOrId, options, output);
      else if (nameOrId === undefined) await printAll(client, options, output);
      else await printOne(client, nameOrId, options, output);
    });
}

async function printAll(client: ApiClient, { json, group, status }: Options, output: Output): Promise<void> {
  const items = await client.list('/automations', Automation, { group, status });
  if (json) return output.json(items);
  if (items.length === 0) return output.line('No automations. "fermata apply examples/automations" creates some.');
  output.table(
    ['ID', 'STATUS', 'VERSION', 'LAST TRIGGERED (UTC)', 'GROUP', 'NAME'],
    items.map((item) => [
      item.id,
      { text: item.status, tone: toneOf(item.status) },
      String(item.version),
      instantText(item.lastTriggeredAt),
      item.group ?? '-',
      item.name,
    ]),
  );
}

/** Prints why events started no runs, for all automations. */
async function printReasons(client: ApiClient, { json, about }: Options, output: Output): Promise<void> {
  const rows = await client.list('/evaluations', EvaluationRow, { about, limit: SHOWN_WHY });
  return json ? output.json(rows) : printEvaluations(rows, output, true);
}

/** Prints why events started no runs of one automation. A deleted automation can be given by its id. */
async function printReasonsOf(
  client: ApiClient,
  nameOrId: string,
  { json, about }: Options,
  output: Output,
): Promise<void> {
  const id = UUID.test(nameOrId) ? nameOrId : (await findAutomation(client, nameOrId)).id;
  const rows = await client.list(`/automations/${id}/evaluations`, EvaluationRow, { about, limit: SHOWN_WHY });
  return json ? output.json(rows) : printEvaluations(rows, output);
}

async function printOne(
  client: ApiClient,
  nameOrId: string,
  { json, yaml, about }: Options,
  output: Output,
): Promise<void> {
  const automation = await findAutomation(client, nameOrId);
  const { id } = automation;
  if (yaml) return output.line((await client.yaml(`/automations/${id}`)).trimEnd());
  const [runs, evaluations] = await Promise.all([
    client.list('/runs', Run, { automationId: id, contextKey: about, limit: SHOWN_RUNS }),
    client.list(`/automations/${id}/evaluations`, EvaluationRow, { about, limit: SHOWN_EVALUATIONS }),
  ]);
  if (json) return output.json({ automation, runs, evaluations });
  printHead(automation, output);
  printRuns(runs, output);
  printEvaluations(evaluations, output);
}

function printHead(automation: Automation, output: Output): void {
  const { definition } = automation;
  const facts: [string, string | null | undefined][] = [
    ['id', automation.id],
    ['status', automation.status],
    ['group', automation.group],
    ['version', `${automation.version}, saved ${instantText(automation.updatedAt)} UTC`],
    ['triggers', triggersOf(definition['triggers']).join(', ')],
    [
      'mode',
      `${String(definition['mode'] ?? 'single')}, by ${String(definition['concurrency_scope'] ?? 'automation')}`,
    ],
    ['triggered', automation.lastTriggeredAt == null ? 'never' : `${instantText(automation.lastTriggeredAt)} UTC`],
  ];
  output.line(paint(plain(automation.name), 'strong', output.colours));
  if (automation.description != null) output.line(`  ${plain(automation.description)}`);
  for (const [name, value] of facts) {
    if (value != null) output.line(`  ${paint(name.padEnd(10), 'quiet', output.colours)}  ${plain(value)}`);
  }
  for (const { path, message } of automation.warnings) output.line(`  warning     ${plain(`${path}: ${message}`)}`);
}

function triggersOf(triggers: unknown): string[] {
  if (!Array.isArray(triggers)) return [];
  return triggers.flatMap((trigger: unknown) => {
    if (typeof trigger !== 'object' || trigger === null || !('event' in trigger)) return [];
    const id = 'id' in trigger ? `${String(trigger.id)} ` : '';
    return [`${id}(${String(trigger.event)})`];
  });
}

function printRuns(runs: readonly Run[], output: Output): void {
  output.line('\nLast runs');
  if (runs.length === 0) return output.line('  none');
  output.table(
    ['ID', 'STATUS', 'STARTED (UTC)', 'TOOK', 'TRIGGER', 'ABOUT'],
    runs.map((run) => runCells(run)),
  );
}

/** Returns the table cells for a run in the list of one automation's runs. */
function runCells(run: Run) {
  const took = elapsedMs(run.startedAt, run.finishedAt);
  return [
    run.id,
    { text: run.status, tone: toneOf(run.status) },
    instantText(run.startedAt),
    took === undefined ? '-' : durationText(took),
    run.triggerId ?? 'manually',
    run.contextKey ?? '-',
  ];
}

const nameOf = ({ automationName = '-', automationDeletedAt }: Partial<EvaluationRow>): string =>
  automationDeletedAt == null ? automationName : `${automationName} (deleted)`;

/** Prints why events started no runs. If `isOfAll` is true, each row contains the name of its automation. */
function printEvaluations(evaluations: readonly EvaluationRow[], output: Output, isOfAll = false): void {
  output.line('\nEvents that started no run');
  if (evaluations.length === 0) return output.line('  none: each event that reached its triggers became a run');
  output.table(
    ['LAST (UTC)', 'TIMES', ...(isOfAll ? ['AUTOMATION'] : []), 'TRIGGER', 'OUTCOME', 'ABOUT', 'DETAIL'],
    evaluations.map(({ lastAt, count, triggerId, contextKey, outcome, detail, ...automation }) => [
      instantText(lastAt),
      String(count),
      ...(isOfAll ? [nameOf(automation)] : []),
      triggerId ?? '-',
      { text: outcome, tone: toneOf(outcome) },
      contextKey ?? '-',
      resultText(detail),
    ]),
  );
}
