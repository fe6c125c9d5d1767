import type { Command } from 'commander';
import { applyAutomations } from './apply/apply-files';
import { listFiles, readAutomationFile } from './apply/automation-files';
import { connect, CONNECTION_HELP } from './client/connect';
import { findingText } from './client/problem';
import { createOutput, JSON_OPTION } from './print/output';
import { UsageError } from './usage-error';

interface Options {
  dryRun?: true;
  prune?: true;
  json?: true;
}

/** `fermata apply` */
export function configure(command: Command): void {
  command
    .argument('<path...>', 'YAML files, or directories with them')
    .option('--dry-run', 'only tell what would be done')
    .option('--prune', 'not supported yet')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Creates the automations of the files, or updates those of the same name; a key that a file does not have gets its default,
and the status stays unless the file names one. All files are checked first: nothing changes when one is not valid. A file
may hold several documents, also of the form {apiVersion: fermata/v1, kind: Automation, metadata, spec}.

Examples:
  fermata apply examples/automations
  fermata apply automations/*.yaml --dry-run
${CONNECTION_HELP}`,
    )
    .action(async (paths: string[], { dryRun, prune, json }: Options) => {
      if (prune) throw new UsageError('--prune is not supported yet: delete automations over the API.');
      const files = listFiles(paths);
      const read = files.map((file) => readAutomationFile(file));
      const automations = read.flatMap(({ found }) => found);
      const errors = read.flatMap((each) => each.errors);
      if (automations.length + errors.length === 0) throw new UsageError(`No automations in ${paths.join(', ')}.`);
      const outcome = await applyAutomations(connect(), automations, { dryRun: dryRun === true, errors });
      const output = createOutput();
      if (json) return output.json({ dryRun: dryRun === true, ...outcome });
      for (const { file, finding } of outcome.warnings) console.error(`warning  ${findingText(finding, file)}`);
      output.table(
        [dryRun ? 'WOULD BE' : 'ACTION', 'ID', 'FILE', 'NAME'],
        outcome.results.map(({ action, id, file, name }) => [
          { text: action, tone: action === 'unchanged' ? 'quiet' : 'good' },
          id ?? '-',
          file,
          name,
        ]),
      );
    });
}
