import type { Command } from 'commander';
import { z } from 'zod';
import { connect } from './client/connect';
import { findAutomation } from './client/find-automation';
import { createOutput } from './print/output';
import { text, time } from './resource/columns';
import { examples, listOptions, printList, type ListOptions } from './resource/list';

const COLUMNS = [text('VERSION', 'version'), time('SAVED', 'createdAt'), text('BY', 'createdBy')];
const Diff = z.looseObject({ unified: z.string() });

/** Configures `fermata versions`. */
export function configure(command: Command): void {
  command
    .argument('<automation>', 'name or id')
    .option('--diff <version>', 'show what changed since this version')
    .option('--to <version>', 'with --diff: compare with this version instead of the current one');
  listOptions(command, 20);
  examples(
    command,
    'fermata versions "Alert opens an incident"',
    'fermata versions "Alert opens an incident" --diff 3',
    'fermata rollback "Alert opens an incident" 3',
  ).action(async (nameOrId: string, options: ListOptions & { diff?: string; to?: string }) => {
    const client = connect();
    const { id } = await findAutomation(client, nameOrId);
    const path = `/automations/${id}/versions`;
    const { diff, to } = options;
    if (diff === undefined) return printList({ path, columns: COLUMNS, empty: 'No versions.' }, options, {}, client);
    const found = await client.get(`${path}/${encodeURIComponent(diff)}/diff`, Diff, { to });
    const output = createOutput();
    if (options.json) return output.json(found);
    output.line(found.unified === '' ? 'No difference.' : found.unified.trimEnd());
  });
}
