#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config';
import { messageOf } from '../domain/errors';
import { UsageError } from './usage-error';
import { loadEnvFile } from './env-file';
import { packageVersion } from '../package-version';

/** What the file of a subcommand exports: it adds arguments, options, examples and the action. */
interface Subcommand {
  configure(command: Command): void;
}

/** One line each; a file is loaded only when its command is called. */
const SUBCOMMANDS: readonly (readonly [name: string, summary: string, load: () => Promise<Subcommand>])[] = [
  ['dev', 'run everything in this terminal: Postgres, Temporal, API and worker', () => import('./dev.js')],
  ['demo', 'the same with examples and a real alert, and a timeline of what happens', () => import('./demo.js')],
  ['api', 'serve the REST API', () => import('./api.js')],
  ['worker', 'route the change log and execute runs', () => import('./worker.js')],
  ['migrate', 'bring the database schema up to date', () => import('./migrate.js')],
  ['apply', 'create or update automations from files', () => import('./apply.js')],
  ['validate', 'check automation files, without a service', () => import('./validate.js')],
  ['test', 'run automations against events and expected outcomes, on virtual time', () => import('./test.js')],
  ['automations', 'list automations; one with its last runs and why it did not run', () => import('./automations.js')],
  ['runs', 'list runs, show one step by step, follow', () => import('./runs.js')],
  ['alerts', 'list alerts, by matchers of labels', () => import('./alerts.js')],
  ['alert', 'one alert with its episodes and the runs that it caused', () => import('./alert.js')],
  ['why', 'why automations did or did not run for a change, alert, system or event', () => import('./why.js')],
  ['trigger', 'start a run by hand', () => import('./trigger.js')],
  ['cancel', 'end a run', () => import('./cancel.js')],
  ['retry', 'start a failed run once more', () => import('./retry.js')],
  ['doctor', 'list what is wrong with an installation, and what to do', () => import('./doctor.js')],
  ['entity', 'read and set the state of entities', () => import('./entity.js')],
  ['token', 'make access tokens', () => import('./token.js')],
  ['secret', 'set and list secrets, change the key that seals them', () => import('./secret.js')],
  ['open', 'the Temporal Web UI', () => import('./open.js')],
];

const EXIT = { failed: 1, wrongUse: 2 } as const;

async function main(argv: readonly string[]): Promise<void> {
  endWithParent();
  loadEnvFile(argv);
  const program = new Command('fermata')
    .description('Durable automations for operations.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .addHelpText('after', '\nExamples:\n  fermata dev\n  fermata <command> --help\n')
    .exitOverride();
  for (const [name, summary, load] of SUBCOMMANDS) {
    const command = program.command(name).description(summary).exitOverride();
    if (argv.includes(name)) (await load()).configure(command);
  }
  await program.parseAsync(argv, { from: 'user' });
}

/** As a child of `fermata dev`: when that was killed, end in order as well. */
function endWithParent(): void {
  if (!process.connected) return;
  process.channel?.unref();
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}

function exitCodeOf(error: unknown): number {
  // Commander has printed its message, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrongUse;
  console.error(`fermata: ${messageOf(error)}`);
  if (process.env['LOG_LEVEL'] === 'debug' || isBug(error)) console.error(error);
  return error instanceof UsageError || error instanceof ConfigError ? EXIT.wrongUse : EXIT.failed;
}

/** What the language itself throws is never an answer for a person. */
function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}

// A reader that went away (`fermata runs | head`) is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
