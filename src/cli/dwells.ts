import type { Command } from 'commander';
import { connect } from './client/connect';
import { findAutomation } from './client/find-automation';
import { text, time } from './resource/columns';
import { examples, listOptions, printList, type ListOptions } from './resource/list';

const LISTING = {
  path: '/dwells',
  empty: 'No dwell is armed.',
  columns: [
    time('FIRES', 'firesAt'),
    time('ARMED', 'armedAt'),
    text('CONTEXT KEY', 'contextKey'),
    text('TRIGGER', 'triggerId'),
    text('CHANGE', 'changeId'),
    text('AUTOMATION', 'automationName'),
  ],
};

/** Configures `fermata dwells`. */
export function configure(command: Command): void {
  listOptions(command.option('-a, --automation <automation>', 'only dwells of this automation (name or id)'));
  examples(command, 'fermata dwells', 'fermata dwells --automation "Alert opens an incident"').action(
    async (options: ListOptions & { automation?: string }) => {
      const client = connect();
      const { automation } = options;
      const automationId = automation === undefined ? undefined : (await findAutomation(client, automation)).id;
      await printList(LISTING, options, { automationId }, client);
    },
  );
}
