import { showControls } from '../domain/control-text';
import { Option, type Command } from 'commander';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { fileProblem } from './read-text-file';
import { connect } from './client/connect';
import { readJsonArgument } from './json-argument';
import { createOutput, JSON_OPTION } from './print/output';
import { durationText } from './print/time-text';
import { examples } from './resource/list';
import { UsageError } from './usage-error';

const Ended = z.looseObject({
  ok: z.boolean(),
  exitCode: z.number().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  durationMs: z.number(),
  timedOut: z.boolean(),
  result: z.unknown().optional(),
  error: z.string().optional(),
});

interface TestOptions {
  kind?: string;
  context?: string;
  env: Record<string, string>;
  secret: Record<string, string>;
  package: string[];
  timeout: string;
  json?: true;
}

const pair = (value: string, before: Record<string, string>) => {
  const [, name, text] = /^([^=]+)=([\s\S]*)$/.exec(value) ?? [];
  if (name === undefined || text === undefined) throw new UsageError(`"${value}" must be NAME=VALUE.`);
  return { ...before, [name]: text };
};

/** Configures `fermata scripts`. */
export function configure(command: Command): void {
  examples(command, 'fermata scripts test report.ts --context @scope.json');
  const test = command
    .command('test')
    .description('run a script without an automation; exit code 1 when it fails')
    .argument('<file>', 'the script, or - for standard input')
    .addOption(
      new Option('--kind <kind>', 'default: run_shell for .sh, else run_script').choices(['run_shell', 'run_script']),
    )
    .option('--context <json>', 'scope for the script, as GET /runs/{id}/scope returns it: JSON or @FILE')
    .option('--env <name=value>', 'environment variable (can be repeated)', pair, {})
    .option(
      '--secret <name=value>',
      'value of a secret; without it, the script sees a placeholder (can be repeated)',
      pair,
      {},
    )
    .option('--package <name...>', 'packages that the script may import; `fermata packages` lists them', [])
    .option('--timeout <seconds>', 'time limit in seconds, 1 to 300', '30')
    .option(...JSON_OPTION);
  examples(
    test,
    'fermata scripts test report.ts --context @scope.json --package lodash',
    'fermata scripts test cleanup.sh --env TARGET=/var/tmp',
  ).action((file: string, options: TestOptions) => run(file, options));
}

async function run(file: string, options: TestOptions): Promise<void> {
  const { context, env, secret, package: packages, timeout, json } = options;
  const seconds = Number(timeout);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > 300)
    throw new UsageError('--timeout must be a number from 1 to 300.');
  const body = {
    ...{ kind: options.kind ?? (file.endsWith('.sh') ? 'run_shell' : 'run_script'), script: textOf(file) },
    ...{ env, packages, timeoutMs: seconds * 1_000 },
    ...{ secretEnv: Object.fromEntries(Object.keys(secret).map((name) => [name, `\${{ secrets.${name} }}`])) },
    secretOverrides: secret,
    ...(context !== undefined && { context: readJsonArgument(context, '--context') }),
  };
  const ended = await connect().send('POST', '/scripts/test', Ended, { body: { json: body } });
  const output = createOutput();
  if (json) output.json(ended);
  else {
    if (ended.stdout !== '') output.line(ended.stdout.trimEnd());
    if (ended.stderr !== '') console.error(showControls(ended.stderr.trimEnd()));
    if (ended.result !== undefined && ended.result !== null) output.json(ended.result);
    const how = ended.ok ? 'ok' : (ended.error?.split('\n')[0] ?? `exit code ${ended.exitCode}`);
    console.error(`${showControls(how)}, ${durationText(ended.durationMs)}`);
  }
  if (!ended.ok) process.exitCode = 1;
}

/**
 * Returns the text of a file.
 * @throws {UsageError} when it cannot be read
 */
function textOf(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${fileProblem(error)}`);
  }
}
