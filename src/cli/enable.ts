import type { Command } from 'commander';
import { JSON_OPTION } from './print/output';
import { examples } from './resource/list';
import { automationArgument, setStatus } from './resource/set-status';

/** Configures `fermata enable`. */
export function configure(command: Command): void {
  automationArgument(command).option(...JSON_OPTION);
  examples(command, 'fermata enable "Alert opens an incident"').action((nameOrId: string, options: { json?: true }) =>
    setStatus(nameOrId, 'enable', options),
  );
}
