import type { Command } from 'commander';
import { Automation } from './client/answers';
import { connect } from './client/connect';
import { findAutomation } from './client/find-automation';
import { createOutput, JSON_OPTION } from './print/output';
import { plain } from './print/paint';
import { examples } from './resource/list';

/** Configures `fermata rollback`. */
export function configure(command: Command): void {
  command
    .argument('<automation>', 'name or id')
    .argument('<version>', 'number of the version to return to; `fermata versions` lists them')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      '\nCreates a new version that equals the old one. Open runs keep the version that they started with.',
    );
  examples(command, 'fermata rollback "Alert opens an incident" 3').action(
    async (nameOrId: string, version: string, { json }: { json?: true }) => {
      const client = connect();
      const { id } = await findAutomation(client, nameOrId);
      const path = `/automations/${id}/versions/${encodeURIComponent(version)}/rollback`;
      const automation = await client.send('POST', path, Automation);
      const output = createOutput();
      if (json) return output.json(automation);
      output.line(
        `${automation.id}  version ${automation.version} equals version ${version}  ${plain(automation.name)}`,
      );
    },
  );
}
