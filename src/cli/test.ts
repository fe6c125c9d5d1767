import type { Command } from 'commander';
import { createOutput, type Output } from './print/output';
import { listFiles } from './apply/list-files';
import { printErrors, printTest, reportOf, type FileReport } from './test/report';
import { loadAutomations, runTest } from './test/run-test';
import { loadPluginMigrations } from './known';
import { startScratchPostgres, type ScratchPostgres } from './test/scratch-postgres';
import { readTestFile, type ReadFile } from './test/test-file';
import { UsageError } from './usage-error';

/** Configures `fermata test`. */
export function configure(command: Command): void {
  command
    .argument('<path...>', 'YAML files of tests, or directories that contain them')
    .option('--json', 'print the results as JSON')
    .option('--grep <text>', 'only tests whose name contains this text')
    .addHelpText(
      'after',
      `
Runs automations against events and expected outcomes, on virtual time, so waits of days take moments. The real
service runs on a temporary Postgres; only the Temporal server, the clock and external systems are simulated. docs/testing.md
has the file format. Exit code 0: all expectations hold; 1: one does not, or a file is not valid; 2: usage error.

Example of a file:
  automations: [../automations/alert-to-incident.yaml]
  tests:
    - name: An alert opens an incident
      events:
        - { at: 1m, alert: { labels: { alertname: HighErrorRate, service: checkout, severity: critical } } }
      expect:
        - { at: 2m, runs: [{ status: success, triggerId: unhealthy, steps: [{ id: open, status: success }] }] }

Examples:
  fermata test examples/tests
  fermata test my-tests.yaml --grep incident
  fermata test my-tests.yaml --json
`,
    )
    .action(async (paths: string[], { json, grep }: { json?: true; grep?: string }) => {
      const files = listFiles(paths).map(readTestFile);
      if (files.length === 0) throw new UsageError(`No files in ${paths.join(', ')}.`);
      const output = createOutput();
      const reports = await runFiles(files, { grep, progress: json ? undefined : output });
      const tests = reports.flatMap((report) => report.tests);
      if (tests.length === 0 && reports.every(({ errors }) => errors.length === 0))
        throw new UsageError(`No test has "${grep ?? ''}" in its name.`);
      const passed = reports.every((report) => report.passed);
      if (json) output.json({ passed, files: reports });
      else output.line(sumOf(reports));
      if (!passed) process.exitCode = 1;
    });
}

interface Options {
  grep: string | undefined;
  /** Output to which each test is printed when it ends. If undefined, nothing is printed. */
  progress: Output | undefined;
}

async function runFiles(files: readonly ReadFile[], options: Options): Promise<FileReport[]> {
  const reports: FileReport[] = [];
  let postgres: ScratchPostgres | undefined;
  // Temporary databases are removed when the process exits.
  const end = () => process.exit(130);
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    for (const file of files) {
      // An invalid file needs no database.
      if (file.errors.length === 0) postgres ??= await startScratchPostgres(await loadPluginMigrations());
      reports.push(await runFile(file, postgres, options));
    }
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
    await postgres?.stop();
  }
  return reports;
}

async function runFile(file: ReadFile, postgres: ScratchPostgres | undefined, options: Options): Promise<FileReport> {
  const { progress, grep } = options;
  const { content } = file;
  const report: FileReport = { file: file.file, passed: false, errors: file.errors, tests: [] };
  progress?.line(file.file);
  if (content === undefined || postgres === undefined) {
    if (progress) printErrors(progress, file, file.errors);
    return report;
  }
  const { documents, problems } = loadAutomations(file);
  for (const [index, test] of content.tests.entries()) {
    if (grep !== undefined && !test.name.includes(grep)) continue;
    const place = `tests[${index}]`;
    const failures = problems.length > 0 ? problems : await runTest(postgres, test, place, documents);
    const tested = reportOf(file, test.name, place, failures);
    report.tests.push(tested);
    if (progress) printTest(progress, file.file, tested);
  }
  report.passed = report.tests.every(({ passed }) => passed);
  return report;
}

function sumOf(reports: readonly FileReport[]): string {
  const tests = reports.flatMap((report) => report.tests);
  const failed = tests.filter(({ passed }) => !passed).length;
  const invalid = reports.filter(({ errors }) => errors.length > 0).length;
  const more = invalid === 0 ? '' : `, ${invalid} file${invalid === 1 ? '' : 's'} not valid`;
  return `${tests.length - failed} passed, ${failed} failed${more}`;
}
