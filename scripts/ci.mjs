// `npm run ci`: runs every check of this project. Prints "N passed, N failed" over all tests at the end, and exits 0
// only if every step succeeded. Static checks run in parallel where they do not disturb each other, and so do test
// files that mostly wait. Up to three failed test files with real servers, which may fail on a busy machine, run again
// alone and are named at the end.
// usage: node scripts/ci.mjs [STEP…] (default: all)
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'ci');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const node = process.execPath;

/** Steps in the same row run in parallel. */
const ROWS = [
  [
    {
      name: 'format:check',
      run: [bin('prettier'), '--check', '--cache', '--cache-location', join(cache, 'prettier'), '.'],
    },
    {
      name: 'typecheck',
      run: [
        bin('tsc'),
        '-p',
        'tsconfig.json',
        '--noEmit',
        '--incremental',
        '--tsBuildInfoFile',
        join(cache, 'tsbuildinfo'),
      ],
    },
  ],
  [
    {
      name: 'lint',
      run: [bin('eslint'), '.', '--cache', '--cache-location', join(cache, 'eslint'), '--max-warnings', '0'],
    },
    { name: 'build', run: ['npm', 'run', '--silent', 'build'] },
  ],
  [
    { name: 'knip', run: [bin('knip'), '--no-progress'] },
    { name: 'typecheck:console', run: [bin('tsc'), '-p', 'console/tsconfig.json'] },
    { name: 'english', run: [node, join(root, 'scripts', 'check-english.mjs')] },
    { name: 'cycles', run: [node, join(root, 'scripts', 'check-cycles.mjs')] },
    { name: 'migrations', run: [node, join(root, 'scripts', 'check-migrations.mjs')] },
    { name: 'supply', run: [node, join(root, 'scripts', 'check-supply.mjs')] },
  ],
  [jest('unit'), jest('replay')],
  // Most of these tests wait for timers, processes and servers. On two cores, running two files at a time would leave
  // almost half of the CPU time unused.
  [{ ...jest('integration', 4), again: true }],
  [{ ...jest('console', 3), again: true }],
];

/**
 * Installs programs that the tests need and that a minimal machine may lack: the sandbox for scripts, the browser for
 * the console tests, the monitoring servers for the alert tests, and the SSH server. Does nothing unless it runs as
 * root on a system with apt. Otherwise, tests name the programs that are missing.
 */
function prepareMachine() {
  const succeeds = (...command) => spawnSync(command[0], command.slice(1), { stdio: 'ignore' }).status === 0;
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !succeeds('apt-get', '--version')) return;
  const missing = [
    ['bwrap', 'bubblewrap'],
    ['chromium', 'chromium'],
    ['openssl', 'openssl', 'version'],
    ['prometheus', 'prometheus'],
    ['prometheus-alertmanager', 'prometheus-alertmanager'],
    ['/usr/sbin/sshd', 'openssh-server', '-V'],
  ].flatMap(([command, name, flag = '--version']) => (succeeds(command, flag) ? [] : [name]));
  if (missing.length === 0) return;
  console.log(`       installing ${missing.join(' and ')} …`);
  const quiet = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  const install = () =>
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], quiet).status === 0;
  if (!install() && spawnSync('apt-get', ['update'], quiet).status === 0) install();
}

/**
 * Returns a step that runs a jest project. `files` is the number of test files to run in parallel. Its default is set
 * in jest.config.ts. `suffix` is appended to the name of the report, so that a second run does not overwrite it.
 */
function jest(project, files, suffix = '') {
  const report = join(cache, `jest-${project}${suffix}.json`);
  const run = [bin('jest'), '--selectProjects', project, '--passWithNoTests', '--json', '--outputFile', report];
  if (files !== undefined) run.push('--maxWorkers', String(files));
  return { name: project, run, report };
}

/**
 * Maximum number of failed test files that a step runs again. If more files fail, a busy machine is not the cause, and
 * none is run again.
 */
const MAX_AGAIN = 3;

/** Runs a step. If the step allows it, runs its failed test files again, one at a time. */
async function perform(step) {
  const first = await execute(step);
  const failed = first.ok || !step.again ? [] : failedFiles(step.report);
  if (failed.length === 0 || failed.length > MAX_AGAIN) return first;
  const files = failed.map(({ name }) => relative(root, name));
  console.log(`       again, one at a time: ${files.join(', ')}`);
  const again = jest(step.name, 1, '-again');
  const second = await execute({
    ...again,
    name: `${step.name}, again`,
    run: [...again.run, '--runTestsByPath', ...files],
  });
  const counted = failed
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed');
  return { ...second, passed: first.passed - counted.length + second.passed, again: second.ok ? files : [] };
}

/** Returns the failed test files in a report. Returns none if the report cannot be read. */
function failedFiles(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults.filter(({ status }) => status === 'failed');
  } catch {
    return [];
  }
}

function execute({ name, run, report }) {
  if (report !== undefined) rmSync(report, { force: true });
  const startedAt = Date.now();
  const [command, ...args] = run;
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  // With --json, jest also prints its report to standard output. The readable output is on standard error.
  child.stdout.on('data', (chunk) => report === undefined && output.push(chunk));
  child.stderr.on('data', (chunk) => (report === undefined ? output.push(chunk) : process.stderr.write(chunk)));
  return new Promise((resolve) => {
    const end = (code) => {
      const ok = code === 0;
      const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
      if (!ok) process.stderr.write(Buffer.concat(output));
      console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
      resolve({ ok, ...counts(report, ok) });
    };
    child.on('error', (error) => {
      output.push(Buffer.from(`${error.message}\n`));
      end(1);
    });
    child.on('close', end);
  });
}

/**
 * Returns the number of tests that passed and failed. A test file that could not be loaded, or a failed step without
 * tests, counts as one failure.
 */
function counts(report, ok) {
  if (report === undefined) return { passed: 0, failed: ok ? 0 : 1 };
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    return { passed: numPassedTests, failed: ok ? failed : Math.max(failed, 1) };
  } catch {
    return { passed: 0, failed: ok ? 0 : 1 };
  }
}

mkdirSync(cache, { recursive: true });
const wanted = process.argv.slice(2);
const known = ROWS.flat().map(({ name }) => name);
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  console.error(`unknown step ${unknown.join(', ')}; there are ${known.join(', ')}`);
  process.exit(2);
}
const results = [];
prepareMachine();
for (const row of ROWS) {
  const steps = row.filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  if (steps.length > 0) console.log(`       ${steps.map(({ name }) => name).join(', ')} …`);
  results.push(...(await Promise.all(steps.map(perform))));
}
const sum = (key) => results.reduce((total, result) => total + result[key], 0);
const again = results.flatMap(({ again = [] }) => again);
if (again.length > 0) console.log(`       passed only when they ran again: ${again.join(', ')}`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;
