import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { takeStatus } from '../domain/definition/status';
import { validateDefinition } from '../domain/definition/validate';
import type { Finding } from '../domain/errors';
import { type AutomationFile, readAutomationFile } from './apply/automation-files';
import { listFiles } from './apply/list-files';
import { type KnownKinds, loadKnown } from './known';
import { renderFinding } from './print/finding';
import { createOutput, JSON_OPTION, type Output } from './print/output';
import { UsageError } from './usage-error';

/** The findings in one file. */
interface FileReport {
  file: string;
  valid: boolean;
  automations: number;
  errors: Finding[];
  warnings: Finding[];
}

/** Configures `fermata validate`. */
export function configure(command: Command): void {
  command
    .argument('<path...>', 'YAML or JSON files, or directories that contain them')
    .option(JSON_OPTION[0], 'print the findings as JSON')
    .addHelpText(
      'after',
      `
Checks automations without a service: structure, events, actions, configs, expressions and artifacts. Lists every finding
with line and column. A file may contain several documents, also of the form {apiVersion: fermata/v1, kind: Automation,
metadata, spec}. Exit code 0: all are valid, perhaps with warnings; 1: there are errors; 2: usage error.

Examples:
  fermata validate examples/automations
  fermata validate my-automation.yaml --json
`,
    )
    .action(async (paths: string[], { json }: { json?: true }) => {
      const known = await loadKnown();
      const reports = listFiles(paths).map((file) => check(file, known));
      const empty = reports.every(({ automations, errors }) => automations + errors.length === 0);
      if (empty) throw new UsageError(`No automations in ${paths.join(', ')}.`);
      const valid = reports.every((report) => report.valid);
      const output = createOutput();
      if (json) output.json({ valid, files: reports });
      else print(reports, output);
      if (!valid) process.exitCode = 1;
    });
}

function check(file: string, known: KnownKinds): FileReport {
  const { found, errors: unreadable } = readAutomationFile(file);
  const errors = unreadable.map(({ finding }) => finding);
  const warnings: Finding[] = [];
  for (const automation of found) {
    const validation = validate(automation, known);
    errors.push(...validation.errors);
    warnings.push(...validation.warnings);
  }
  if (found.length + errors.length === 0)
    errors.push({ path: '', code: 'required', message: 'The file has no automation' });
  return { file, valid: errors.length === 0, automations: found.length, errors, warnings };
}

/** Validates an automation. Checks its `status` separately, because the status is not part of the definition. */
function validate({ document, locate }: AutomationFile, known: KnownKinds) {
  const { document: definition, findings } = takeStatus(document);
  const { errors, warnings } = validateDefinition(definition, {
    ...known,
    locate: (path, detail) => {
      const { line, column } = locate(path, detail);
      return line === undefined || column === undefined ? undefined : { line, column };
    },
  });
  const inFile = (finding: Finding): Finding => ({ ...finding, path: locate(finding.path).path });
  const wrongStatus = findings.map((finding) => ({ ...finding, ...locate(finding.path) }));
  return { errors: [...wrongStatus, ...errors.map(inFile)], warnings: warnings.map(inFile) };
}

const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

function print(reports: readonly FileReport[], { colours, line }: Output): void {
  for (const { file, errors, warnings } of reports) {
    if (errors.length + warnings.length === 0) continue;
    const lines = readFileSync(file, 'utf8').split(/\r?\n/);
    const all = [
      ...errors.map((finding) => ({ finding, severity: 'error' as const })),
      ...warnings.map((finding) => ({ finding, severity: 'warning' as const })),
    ];
    all.sort((a, b) => (a.finding.line ?? 0) - (b.finding.line ?? 0));
    for (const one of all) line(`${renderFinding({ ...one, file, lines }, colours)}\n`);
  }
  const sum = (key: 'errors' | 'warnings') => reports.reduce((total, report) => total + report[key].length, 0);
  const files = counted(reports.length, 'file');
  line(`${files}: ${counted(sum('errors'), 'error')}, ${counted(sum('warnings'), 'warning')}`);
}
