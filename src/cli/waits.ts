import type { Command } from 'commander';
import { text, time, valueText } from './resource/columns';
import { examples, listOptions, printList, type ListOptions } from './resource/list';

const LISTING = {
  path: '/waits',
  empty: 'No run is waiting.',
  columns: [
    text('RUN', 'runId'),
    text('KIND', 'kind'),
    time('SINCE', 'since'),
    time('TIMEOUT', 'timeoutAt'),
    text('CONTEXT KEY', 'contextKeys'),
    { title: 'WAITS FOR', cell: ({ kind, events, refs }) => valueText(kind === 'wait_until' ? refs : events) },
    text('AT', 'path'),
  ],
} satisfies Parameters<typeof printList>[0];

/** Configures `fermata waits`. */
export function configure(command: Command): void {
  listOptions(command.option('--run <run>', 'only waits of this run'));
  examples(command, 'fermata waits', 'fermata waits --run 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11 --json').action(
    (options: ListOptions & { run?: string }) => printList(LISTING, options, { runId: options.run }),
  );
}
