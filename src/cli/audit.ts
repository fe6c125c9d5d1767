import { Option, type Command } from 'commander';
import { Row, text, time, valueText } from './resource/columns';
import { examples, listOptions, printList, type ListOptions } from './resource/list';

const LISTING = {
  path: '/audit',
  empty: 'No entries.',
  columns: [
    time('AT', 'at'),
    text('ACTOR', 'actor'),
    text('ACTION', 'action'),
    text('OUTCOME', 'outcome'),
    text('TARGET', 'target'),
    { title: 'CREATED', cell: ({ detail }: Row) => valueText(Row.catch({}).parse(detail)['created']) },
  ],
};

/** Configures `fermata audit`. */
export function configure(command: Command): void {
  command
    .option('--actor <id>', 'only operations of this actor')
    .option('--action <action>', 'only operations of this kind, e.g. automations.create')
    .addOption(
      new Option('--outcome <outcome>', 'only operations with this outcome').choices(['success', 'refused', 'failed']),
    )
    .option('--from <instant>', 'only entries at or after this instant, ISO 8601')
    .option('--to <instant>', 'only entries at or before this instant, ISO 8601');
  listOptions(command);
  examples(
    command,
    'fermata audit',
    'fermata audit --outcome refused --from 2026-11-20T00:00:00Z',
    'fermata audit --action automations.create --json',
  ).action(({ actor: actorId, action, outcome, from, to, ...options }: ListOptions & Record<string, string>) =>
    printList(LISTING, options as ListOptions, { actorId, action, outcome, from, to }),
  );
}
