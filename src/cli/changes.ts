import type { Command } from 'commander';
import { connect } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';
import { Row, text, time } from './resource/columns';
import { examples, listOptions, printList, printRows, type ListOptions } from './resource/list';
import { printOne, wholeId } from './resource/one';

const PATH = '/changes';
const WHAT = {
  title: 'WHAT',
  cell: ({ customType, event, events, changedFields }: Row) =>
    text('', 'it').cell({
      it: customType ?? event ?? (Array.isArray(events) && events.length > 0 ? events : changedFields),
    }),
};
const LISTING = {
  path: PATH,
  empty: 'No changes.',
  columns: [text('ID', 'changeId'), time('AT', 'occurredAt'), text('KIND', 'kind'), text('ENTITY', 'id'), WHAT],
};
const FAILED = {
  path: '/changes/failed',
  empty: 'All changes were routed.',
  columns: [
    text('ID', 'changeId'),
    time('FAILED', 'failedAt'),
    text('ATTEMPTS', 'attempts'),
    text('KIND', 'kind'),
    text('ENTITY', 'id'),
    WHAT,
    text('ERROR', 'error'),
  ],
};
const CANDIDATES = {
  empty: 'No automation listens to it.',
  columns: [
    text('OUTCOME', 'outcome'),
    text('TRIGGER', 'triggerId'),
    text('RUN', 'runId'),
    text('AUTOMATION', 'automationName'),
  ],
};

type Filters = ListOptions & Partial<Record<'kind' | 'entity' | 'event' | 'system' | 'since' | 'until', string>>;

/** Configures `fermata changes`. */
export function configure(command: Command): void {
  command
    .enablePositionalOptions()
    .argument('[change]', 'id of a change: show it in full, with its outcome for each automation')
    .option('--kind <kind>', 'only changes of entities of this kind')
    .option('--entity <id>', 'only changes of this entity')
    .option('--event <event>', 'only changes that fire triggers with this event, or custom events of this type')
    .option('--system <id>', 'only changes about this system: its health, alerts, incidents and maintenances')
    .option('--since <when>', 'only changes received at or after this instant, or within this duration, e.g. 1h')
    .option('--until <when>', 'only changes received before this instant, or longer ago than this duration, e.g. 1h');
  listOptions(command);
  examples(
    command,
    'fermata changes --system checkout --since 1h',
    'fermata changes 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11',
    'fermata changes failed',
    'fermata changes retry 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11',
  ).action((id: string | undefined, { json, limit, ...query }: Filters) =>
    id === undefined ? printList(LISTING, { limit, ...(json && { json }) }, query) : show(id, json),
  );
  const failed = command.command('failed').description('list changes that could not be routed and were set aside');
  listOptions(failed);
  examples(failed, 'fermata changes failed').action((options: ListOptions) => printList(FAILED, options));
  const retry = command
    .command('retry')
    .description('retry the routing of a change that was set aside')
    .argument('<change>', 'id of the change')
    .option(...JSON_OPTION);
  examples(retry, 'fermata changes retry 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11').action(
    async (id: string, { json }: { json?: true }) => {
      const client = connect();
      const whole = await wholeId(client, FAILED.path, id, 'changeId');
      const row = await client.send('POST', `${PATH}/${encodeURIComponent(whole)}/retry`, Row);
      printOne(row, `Change ${whole} is in the queue again`, json);
    },
  );
}

async function show(id: string, json: true | undefined): Promise<void> {
  const client = connect();
  const whole = await wholeId(client, PATH, id, 'changeId');
  const detail = await client.get(`${PATH}/${encodeURIComponent(whole)}`, Row);
  const output = createOutput();
  if (json) return output.json(detail);
  printOne(Row.parse(detail['change']), `Change ${whole}`, undefined, output);
  const candidates = Row.array().nullable().parse(detail['candidates']);
  output.line();
  if (candidates === null) return output.line('The decisions of automations about this change are no longer kept.');
  printRows(CANDIDATES, candidates, undefined, output);
}
