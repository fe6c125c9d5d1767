import type { Command } from 'commander';
import { JSON_OPTION } from './print/output';
import { examples } from './resource/list';
import { automationArgument, setStatus } from './resource/set-status';

/** Configures `fermata disable`. */
export function configure(command: Command): void {
  automationArgument(command)
    .option('--cancel-runs', 'also cancel its open runs; by default they finish')
    .option(...JSON_OPTION);
  examples(
    command,
    'fermata disable "Alert opens an incident"',
    'fermata disable "Alert opens an incident" --cancel-runs',
  ).action((nameOrId: string, options: { json?: true; cancelRuns?: true }) => setStatus(nameOrId, 'disable', options));
}
