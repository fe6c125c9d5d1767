import type { Command } from 'commander';
import { text, time } from './resource/columns';
import { examples, listOptions, printList, type ListOptions } from './resource/list';

const LISTING = {
  path: '/deliveries/refused',
  empty: 'Nothing was refused.',
  columns: [
    time('AT', 'at'),
    text('SENDER', 'sender'),
    text('ROUTE', 'route'),
    text('ELEMENT', 'index'),
    text('CODE', 'code'),
    text('MESSAGE', 'message'),
  ],
};

/** Configures `fermata deliveries`. */
export function configure(command: Command): void {
  command
    .option('--sender <name>', 'only messages of this token or hook')
    .option('--route <route>', 'only messages to this route, e.g. /ingest/alertmanager');
  listOptions(command);
  examples(command, 'fermata deliveries', 'fermata deliveries --sender prometheus --limit 10').action(
    ({ sender, route, ...options }: ListOptions & { sender?: string; route?: string }) =>
      printList(LISTING, options, { sender, route }),
  );
}
