#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { showControls } from '../domain/control-text';
import { ConfigError } from '../config';
import { messageOf } from '../domain/errors';
import { UsageError } from './usage-error';
import { loadEnvFile } from './env-file';
import { packageVersion } from '../package-version';

/** What the file of a subcommand exports: it adds arguments, options, examples and the action. */
interface Subcommand {
  /** `whole` builds the program with every subcommand configured, for commands that describe others. */
  configure(command: Command, whole: () => Promise<Command>): void;
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
  ['import', 'write automations of Home Assistant in the form of this service', () => import('./import.js')],
  ['test', 'run automations against events and expected outcomes, on virtual time', () => import('./test.js')],
  ['automations', 'list automations; one with its last runs and why it did not run', () => import('./automations.js')],
  ['runs', 'list runs, show one step by step, follow', () => import('./runs.js')],
  ['alerts', 'list alerts, by matchers of labels', () => import('./alerts.js')],
  ['alert', 'one alert with its episodes and the runs that it caused', () => import('./alert.js')],
  ['why', 'why automations did or did not run for a change, alert, system or event', () => import('./why.js')],
  ['enable', 'let an automation react', () => import('./enable.js')],
  ['disable', 'let an automation react no more', () => import('./disable.js')],
  ['versions', 'versions of an automation and what changed between them', () => import('./versions.js')],
  ['rollback', 'return an automation to an earlier version', () => import('./rollback.js')],
  ['dry-run', 'what an automation would do with a payload, with no effect', () => import('./dry-run.js')],
  ['trigger', 'start a run by hand', () => import('./trigger.js')],
  ['cancel', 'end a run, or all that filters match', () => import('./cancel.js')],
  ['retry', 'retry a failed run', () => import('./retry.js')],
  ['waits', 'what runs wait for, and until when', () => import('./waits.js')],
  ['dwells', 'triggers with `for` that wait to be confirmed', () => import('./dwells.js')],
  ['changes', 'what happened: events and changes of state; retry those set aside', () => import('./changes.js')],
  ['deliveries', 'what senders posted and was refused', () => import('./deliveries.js')],
  ['incidents', 'list, open, acknowledge, update and resolve incidents', () => import('./incidents.js')],
  ['maintenances', 'list, plan, end and cancel maintenances', () => import('./maintenances.js')],
  ['doctor', 'list what is wrong with an installation, and what to do', () => import('./doctor.js')],
  ['replay-check', 'replay open executions on this build, before an upgrade', () => import('./replay-check.js')],
  ['codec', "decrypt payloads of Temporal's histories", () => import('./codec.js')],
  ['release', 'set which build of the workers takes the runs', () => import('./release.js')],
  ['entity', 'read and set the state of entities', () => import('./entity.js')],
  ['kinds', 'kinds of entities with their schemas', () => import('./kinds.js')],
  ['triggers', 'triggers that automations can have, with example payloads', () => import('./triggers.js')],
  ['actions', 'actions that steps can perform', () => import('./actions.js')],
  ['hooks', 'list, make and remove inbound hooks', () => import('./hooks.js')],
  ['connections', 'list, make, test and remove connections', () => import('./connections.js')],
  ['scripts', 'try scripts out', () => import('./scripts.js')],
  ['packages', 'packages that scripts may import', () => import('./packages.js')],
  ['audit', 'who changed what, or tried to', () => import('./audit.js')],
  ['token', 'make access tokens', () => import('./token.js')],
  ['secret', 'set and list secrets, change the key that seals them', () => import('./secret.js')],
  ['open', 'the Temporal Web UI', () => import('./open.js')],
  ['completion', 'completion of commands and options for bash, zsh or fish', () => import('./completion.js')],
];

const EXIT = { failed: 1, wrongUse: 2 } as const;

async function main(argv: readonly string[]): Promise<void> {
  endWithParent();
  loadEnvFile(argv);
  await (await createProgram((name) => argv.includes(name))).parseAsync(argv, { from: 'user' });
}

/** Creates the program; only subcommands that are `wanted` are loaded and configured. */
async function createProgram(wanted: (name: string) => boolean): Promise<Command> {
  const program = new Command('fermata')
    .description('Durable automations for operations.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .enablePositionalOptions()
    .addHelpText('after', '\nExamples:\n  fermata dev\n  fermata <command> --help\n')
    .exitOverride();
  for (const [name, summary, load] of SUBCOMMANDS) {
    const command = program.command(name).description(summary).exitOverride();
    if (wanted(name)) (await load()).configure(command, () => createProgram(() => true));
  }
  return program;
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
  console.error(`fermata: ${showControls(messageOf(error))}`);
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
