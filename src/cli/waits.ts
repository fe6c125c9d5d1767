import type { Command } from 'commander';
import { connect } from './client/connect';
import { findAutomation } from './client/find-automation';
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
    text('AUTOMATION', 'automationName'),
  ],
} satisfies Parameters<typeof printList>[0];

/** Configures `fermata waits`. */
export function configure(command: Command): void {
  command.option('--run <run>', 'only waits of this run');
  listOptions(command.option('-a, --automation <automation>', 'only waits of runs of this automation (name or id)'));
  examples(command, 'fermata waits', 'fermata waits --run 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11 --json').action(
    async (options: ListOptions & { run?: string; automation?: string }) => {
      const client = connect();
      const { run, automation } = options;
      const automationId = automation === undefined ? undefined : (await findAutomation(client, automation)).id;
      await printList(LISTING, options, { runId: run, automationId }, client);
    },
  );
}
