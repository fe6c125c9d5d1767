import type { Command } from 'commander';
import { Run } from './client/answers';
import { connect, CONNECTION_HELP } from './client/connect';
import { createOutput, JSON_OPTION } from './print/output';
import { plain } from './print/paint';

/** `fermata cancel` */
export function configure(command: Command): void {
  command
    .argument('<run>', 'id of the run')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
A cancelled run does no further step; a request that is on its way may finish.

Examples:
  fermata cancel 0193a5f0-7c3e-7d52-8a53-0f3b6a0f6f11
${CONNECTION_HELP}`,
    )
    .action(async (id: string, { json }: { json?: true }) => {
      const run = await connect().send('POST', `/runs/${encodeURIComponent(id)}/cancel`, Run);
      const output = createOutput();
      if (json) output.json(run);
      else output.line(`${run.id}  ${run.status}  ${plain(run.automationName)}`);
    });
}
