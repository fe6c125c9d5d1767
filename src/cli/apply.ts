import { showControls } from '../domain/control-text';
import type { Command } from 'commander';
import { applyAutomations } from './apply/apply-files';
import { foreignNotes, readAutomationFile } from './apply/automation-files';
import { listFiles } from './apply/list-files';
import { connect, CONNECTION_HELP } from './client/connect';
import { findingText } from './client/problem';
import { createOutput, JSON_OPTION } from './print/output';
import { UsageError } from './usage-error';

interface Options {
  dryRun?: true;
  prune?: true;
  allowEmpty?: true;
  source?: string;
  commit?: string;
  json?: true;
}

/** Configures `fermata apply`. */
export function configure(command: Command): void {
  command
    .argument('<path...>', 'YAML files, or directories that contain them')
    .option('--dry-run', 'only report what apply would do')
    .option('--prune', 'delete automations that this source created and no longer contains')
    .option('--allow-empty', 'let --prune delete all automations of the source')
    .option('--source <name>', 'name of the source that owns the automations, e.g. a repository (default: "default")')
    .option('--commit <id>', 'commit of the files, shown with the automation')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      `
Creates and updates the automations of a source so that they equal the files, all or nothing. With --prune, also deletes
automations that the files no longer contain. A key that a file omits gets its default value.
These automations are managed from Git: the API refuses other edits and deletes. You can still enable, disable and run them
manually, and apply does not change their status. A file may contain several documents. Each is an automation with a name, or
{apiVersion: fermata/v1, kind: Automation, metadata: {name, title, description, labels: {group}}, spec}.

Examples:
  fermata apply examples/automations --dry-run
  fermata apply automations --prune --source ops-repo
${CONNECTION_HELP}`,
    )
    .action(async (paths: string[], options: Options) => {
      const { dryRun = false, prune = false, allowEmpty = false, source, commit, json } = options;
      const files = listFiles(paths);
      const read = files.map((file) => readAutomationFile(file));
      const automations = read.flatMap(({ found }) => found);
      const errors = read.flatMap((each) => each.errors);
      for (const note of foreignNotes(read)) console.error(showControls(note));
      if (automations.length + errors.length === 0 && !(prune && allowEmpty)) {
        throw new UsageError(`No automations in ${paths.join(', ')}.`);
      }
      const request = { dryRun, prune, allowEmpty, source, commit, errors };
      const { results, warnings } = await applyAutomations(connect(), automations, request);
      const output = createOutput();
      if (json) return output.json({ dryRun, results, warnings });
      for (const { file, finding } of warnings) console.error(`warning  ${findingText(finding, file)}`);
      output.table(
        [dryRun ? 'WOULD BE' : 'ACTION', 'ID', 'FILE', 'NAME'],
        results.map(({ action, id, file, name }) => [
          { text: action, tone: TONES[action] },
          id ?? '-',
          file ?? '-',
          name,
        ]),
      );
    });
}

const TONES = { created: 'good', updated: 'good', unchanged: 'quiet', deleted: 'bad' } as const;
