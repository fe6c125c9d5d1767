import type { Command } from 'commander';
import { durationMs, Duration } from '../domain/definition/duration';
import { connect } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';
import { Row, status, text, time } from './resource/columns';
import { examples, listOptions, printList, printRows, type ListOptions } from './resource/list';
import { printOne, wholeId } from './resource/one';
import { UsageError } from './usage-error';

const PATH = '/maintenances';
const LISTING = {
  path: PATH,
  empty: 'No maintenances.',
  columns: [
    text('ID', 'id'),
    status('STATUS', 'status'),
    time('START', 'startAt'),
    time('END', 'endAt'),
    text('SYSTEMS', 'systemIds'),
    text('TITLE', 'title'),
  ],
};
const UPDATES = {
  empty: '  none',
  columns: [time('AT', 'at'), text('ACTOR', 'actor'), text('MESSAGE', 'message')],
};
const SHOWN_UPDATES = 20;
const AN_ID = '0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11';

interface CreateOptions {
  system: string[];
  for: string;
  start?: string;
  suppress?: true;
  json?: true;
}

/** Configures `fermata maintenances`. */
export function configure(command: Command): void {
  command
    .enablePositionalOptions()
    .argument('[maintenance]', 'id: show only this one, with its updates')
    .option('--open', 'only maintenances that are scheduled or in progress')
    .option('--system <id>', 'only maintenances that affect this system');
  listOptions(command);
  examples(
    command,
    'fermata maintenances --open',
    'fermata maintenances create "db upgrade" --system db-1 --for 2h',
    `fermata maintenances end ${AN_ID}`,
  ).action((id: string | undefined, { open, system, ...options }: ListOptions & { open?: true; system?: string }) =>
    id === undefined
      ? printList(LISTING, options, { status: open && 'scheduled,in_progress', systemId: system })
      : show(id, options.json),
  );
  configureCreate(command.command('create'));
  ending(command, 'end', 'completed', 'end a maintenance that is in progress before its planned end');
  ending(command, 'cancel', 'cancelled', 'cancel a maintenance');
  const say = command
    .command('update')
    .description('add an update to a maintenance')
    .argument('<maintenance>', 'id of the maintenance')
    .requiredOption('-m, --message <text>', 'text of the update')
    .option(...JSON_OPTION);
  examples(say, `fermata maintenances update ${AN_ID} --message "Half of it is done"`).action(
    async (given: string, { message, json }: { message: string; json?: true }) => {
      const client = connect();
      const id = await wholeId(client, PATH, given);
      const path = `${PATH}/${encodeURIComponent(id)}/updates`;
      printOne(await client.send('POST', path, Row, { body: { json: { message } } }), 'Update', json);
    },
  );
}

function configureCreate(command: Command): void {
  command
    .description('schedule a maintenance, or start one now')
    .argument('<title>', 'title of the maintenance')
    .requiredOption('--system <id...>', 'affected systems')
    .requiredOption('--for <duration>', 'how long it lasts, e.g. 30m, 2h')
    .option('--start <instant>', 'when it begins, ISO 8601; default: now')
    .option('--suppress', 'suppress notifications of these systems during the maintenance')
    .option(...JSON_OPTION);
  examples(
    command,
    'fermata maintenances create "db upgrade" --system db-1 --for 2h',
    'fermata maintenances create "switch swap" --system db-1 db-2 --start 2026-11-30T20:00:00Z --for 30m --suppress',
  ).action(async (title: string, options: CreateOptions) => {
    const { system: systemIds, start, suppress, json } = options;
    const startAt = start === undefined ? new Date() : new Date(start);
    if (Number.isNaN(startAt.getTime())) throw new UsageError(`--start: "${start}" is not an instant in ISO 8601.`);
    const endAt = new Date(startAt.getTime() + lengthMs(options.for)).toISOString();
    const window = { systemIds, startAt: startAt.toISOString(), endAt, suppressNotifications: suppress ?? false };
    const row = await connect().send('POST', PATH, Row, { body: { json: { title, ...window } } });
    printOne(row, title, json);
  });
}

/**
 * Parses the length of a maintenance, and returns it in milliseconds.
 * @throws {UsageError} unless the text is a duration of at most 30 days
 */
function lengthMs(text: string): number {
  const duration = Duration.safeParse(text);
  if (duration.success) return durationMs(duration.data, () => undefined);
  throw new UsageError(`--for: "${text}" is not a duration of at most 30 days, such as 30m or 2h.`);
}

function ending(parent: Command, verb: string, to: 'completed' | 'cancelled', description: string): void {
  const command = parent
    .command(verb)
    .description(description)
    .argument('<maintenance>', 'id of the maintenance')
    .option(...JSON_OPTION);
  examples(command, `fermata maintenances ${verb} ${AN_ID}`).action(
    async (given: string, { json }: { json?: true }) => {
      const client = connect();
      const id = await wholeId(client, PATH, given);
      const body = { json: { status: to } };
      const row = await client.send('PATCH', `${PATH}/${encodeURIComponent(id)}`, Row, { body });
      printOne(row, String(row['title']), json);
    },
  );
}

async function show(given: string, json: true | undefined): Promise<void> {
  const client = connect();
  const path = `${PATH}/${encodeURIComponent(await wholeId(client, PATH, given))}`;
  const [maintenance, updates] = await Promise.all([
    client.get(path, Row),
    client.list(`${path}/updates`, Row, { limit: SHOWN_UPDATES }),
  ]);
  const output = createOutput();
  if (json) return output.json({ maintenance, updates });
  printOne(maintenance, String(maintenance['title']), undefined, output);
  output.line('\nUpdates');
  printRows(UPDATES, updates, undefined, output);
}
