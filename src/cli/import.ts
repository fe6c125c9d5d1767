import type { Command } from 'commander';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileProblem } from './read-text-file';
import { importAutomation, notesIn, type Imported } from './home-assistant/automation';
import { readAutomations, UnreadableFile, writeAutomation } from './home-assistant/files';
import { loadKnown } from './known';
import { UsageError } from './usage-error';

interface Options {
  out?: string;
  kind: string;
}

/** Configures `fermata import`. */
export function configure(command: Command): void {
  command
    .command('home-assistant')
    .description('translate Home Assistant automations to YAML; exit code 1 if parts are left out')
    .argument(
      '<file>',
      'file with one automation, a list of them (automations.yaml) or a configuration.yaml; - for standard input',
    )
    .option('-o, --out <directory>', 'directory for one file per automation; default: write all to standard output')
    .option('--kind <kind>', 'entity kind that holds the states of Home Assistant', 'home_assistant')
    .addHelpText(
      'after',
      `
Translates triggers, conditions and actions that have a counterpart. All others become a comment with the original and the
reason. An automation with such a comment is disabled, and conditions that are left out are false. A state such as light.kitchen
becomes state.home_assistant["light.kitchen"].state: write these states with PUT /entities/KIND/ID, and create the hooks of
webhook triggers. Exit code 0: everything was translated; 1: parts were left out, or the file cannot be read; 2: usage error.

Examples:
  fermata import home-assistant automations.yaml > imported.yaml
  fermata import home-assistant automations.yaml --out automations && fermata validate automations
`,
    )
    .action(importHomeAssistant);
  command.addHelpText('after', '\nExamples:\n  fermata import home-assistant automations.yaml --out automations\n');
}

async function importHomeAssistant(file: string, { out, kind }: Options): Promise<void> {
  const { registry } = await loadKnown();
  const hasAction = (name: string) => registry.action(name) !== undefined;
  const imported = read(file).map((written) => importAutomation(written, { kind, hasAction }));
  if (out === undefined) process.stdout.write(imported.map(writeAutomation).join('---\n'));
  else writeFiles(out, imported);
  const left = imported.flatMap(({ name, document, notes }) =>
    [...notes, ...notesIn(document)].map(({ reason }) => `${name}: ${reason}`),
  );
  for (const line of left) console.error(`Not imported: ${line}`);
  const count = imported.length;
  console.error(
    `${count} automation${count === 1 ? '' : 's'} imported, ${left.length} part${left.length === 1 ? '' : 's'} left out.`,
  );
  if (left.length > 0) process.exitCode = 1;
}

/**
 * Reads the automations in a file.
 * @throws {UsageError} when the file cannot be read
 * @throws {Error} when it is not valid YAML, or does not contain automations
 */
function read(file: string): ReturnType<typeof readAutomations> {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${fileProblem(error)}`);
  }
  try {
    return readAutomations(text);
  } catch (error) {
    if (error instanceof UnreadableFile) throw new Error(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function writeFiles(directory: string, imported: readonly Imported[]): void {
  mkdirSync(directory, { recursive: true });
  const taken = new Set<string>();
  for (const one of imported) {
    const words = one.name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-|-$/g, '')
      .slice(0, 80);
    const base = words === '' ? 'automation' : words;
    let name = base;
    for (let count = 2; taken.has(name); count += 1) name = `${base}-${count}`;
    taken.add(name);
    writeFileSync(join(directory, `${name}.yaml`), writeAutomation(one));
  }
}
