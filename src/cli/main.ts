#!/usr/bin/env node
import '../domain/validation/install-messages';
import { Command, CommanderError } from 'commander';
import { showControls } from '../domain/control-text';
import { ConfigError } from '../config';
import { messageOf } from '../domain/errors';
import { UsageError } from './usage-error';
import { loadEnvFile } from './env-file';
import { packageVersion } from '../package-version';

/** The exports of a subcommand's file. */
interface Subcommand {
  /**
   * Adds arguments, options, examples and the action to the command. `whole` creates the program with all subcommands
   * configured, for commands that describe other commands.
   */
  configure(command: Command, whole: () => Promise<Command>): void;
}

/** All subcommands. The file of a command is loaded only when the command is called. */
const SUBCOMMANDS: readonly (readonly [name: string, summary: string, load: () => Promise<Subcommand>])[] = [
  ['dev', 'run everything in this terminal: Postgres, Temporal, API and worker', () => import('./dev.js')],
  ['demo', 'run everything, post a real alert to example automations and print a timeline', () => import('./demo.js')],
  ['api', 'serve the REST API', () => import('./api.js')],
  ['worker', 'route the change log and execute runs', () => import('./worker.js')],
  ['migrate', 'bring the database schema up to date', () => import('./migrate.js')],
  ['apply', 'create or update automations from files', () => import('./apply.js')],
  ['validate', 'check automation files, without a service', () => import('./validate.js')],
  ['import', 'convert Home Assistant automations', () => import('./import.js')],
  ['test', 'run automations against events and expected outcomes, on virtual time', () => import('./test.js')],
  ['automations', 'list automations, or show one with its last runs and refusals', () => import('./automations.js')],
  ['runs', 'list runs, show one step by step, or follow them', () => import('./runs.js')],
  ['alerts', 'list alerts, optionally by label matchers', () => import('./alerts.js')],
  ['alert', 'show one alert with its episodes and the runs that it caused', () => import('./alert.js')],
  ['why', 'explain why automations did or did not run for a change, alert, system or event', () => import('./why.js')],
  ['enable', 'enable an automation', () => import('./enable.js')],
  ['disable', 'disable an automation', () => import('./disable.js')],
  ['versions', 'list versions of an automation and compare them', () => import('./versions.js')],
  ['rollback', 'return an automation to an earlier version', () => import('./rollback.js')],
  ['dry-run', 'run an automation with a payload, without effects', () => import('./dry-run.js')],
  ['trigger', 'start a run manually', () => import('./trigger.js')],
  ['cancel', 'cancel a run, or all open runs that match filters', () => import('./cancel.js')],
  ['retry', 'retry a failed run, or all failed runs that match filters', () => import('./retry.js')],
  ['waits', 'list waits of runs, with their timeouts', () => import('./waits.js')],
  ['dwells', 'list armed dwells: causes that must hold for some time', () => import('./dwells.js')],
  ['changes', 'list events and changes of state; retry those set aside', () => import('./changes.js')],
  ['deliveries', 'list refused messages, with their senders', () => import('./deliveries.js')],
  ['incidents', 'list, open, acknowledge, update and resolve incidents', () => import('./incidents.js')],
  ['maintenances', 'list, plan, update, end and cancel maintenances', () => import('./maintenances.js')],
  ['doctor', 'diagnose an installation: list problems and what to do about them', () => import('./doctor.js')],
  [
    'replay-check',
    'check before an upgrade whether this build can continue all open runs',
    () => import('./replay-check.js'),
  ],
  ['codec', "decrypt payloads of Temporal's histories", () => import('./codec.js')],
  ['release', 'choose which build of the workers takes runs', () => import('./release.js')],
  ['entity', 'read and set the state of entities', () => import('./entity.js')],
  ['kinds', 'list kinds of entities with their schemas, set custom kinds', () => import('./kinds.js')],
  ['triggers', 'list available triggers, with example payloads', () => import('./triggers.js')],
  ['actions', 'list available actions', () => import('./actions.js')],
  ['hooks', 'list, create and remove inbound hooks', () => import('./hooks.js')],
  ['connections', 'list, create, test and remove connections', () => import('./connections.js')],
  ['scripts', 'test scripts', () => import('./scripts.js')],
  ['packages', 'list, add and remove packages that scripts may import', () => import('./packages.js')],
  ['audit', 'read the audit log: who changed what, and refused attempts', () => import('./audit.js')],
  ['token', 'create access tokens', () => import('./token.js')],
  ['secret', 'set, list and delete secrets, rotate the key that encrypts them', () => import('./secret.js')],
  ['open', 'open the web console or the Temporal Web UI', () => import('./open.js')],
  ['completion', 'print completion for bash, zsh or fish', () => import('./completion.js')],
];

const EXIT = { failed: 1, wrongUse: 2 } as const;

async function main(argv: readonly string[]): Promise<void> {
  endWithParent();
  loadEnvFile(argv);
  const program = await createProgram((name) => argv.includes(name));
  // Drop the options of an unknown command: with `--help`, Commander would print the help of the program.
  await program.parseAsync(isUnknown(argv[0]) ? argv.slice(0, 1) : argv, { from: 'user' });
}

function isUnknown(command = ''): boolean {
  return /^[^-]/.test(command) && command !== 'help' && !SUBCOMMANDS.some(([name]) => name === command);
}

/** Creates the program. Only subcommands for which `wanted` returns true are loaded and configured. */
async function createProgram(wanted: (name: string) => boolean): Promise<Command> {
  const program = new Command('fermata')
    .description('Durable automations for operations.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .enablePositionalOptions()
    .addHelpText('after', '\nExamples:\n  fermata dev\n  fermata <command> --help\n')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'fermata: ')) })
    .showHelpAfterError('"fermata --help" lists all commands.')
    .exitOverride();
  for (const [name, summary, load] of SUBCOMMANDS) {
    const command = program.command(name).description(summary).exitOverride();
    if (wanted(name)) (await load()).configure(command, () => createProgram(() => true));
    helpAfterErrors(command, `fermata ${name}`);
  }
  return program;
}

/** Makes usage errors of a command and its subcommands name the help of the command that was called. */
function helpAfterErrors(command: Command, name: string): void {
  command.showHelpAfterError(`"${name} --help" lists arguments and options.`);
  for (const each of command.commands) helpAfterErrors(each, `${name} ${each.name()}`);
}

/**
 * Stops this process gracefully when its parent, `fermata dev`, is killed. Does nothing if the process was not started
 * by `fermata dev`.
 */
function endWithParent(): void {
  if (!process.connected) return;
  process.channel?.unref();
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
}

function exitCodeOf(error: unknown): number {
  // Commander has already printed its message or the requested help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrongUse;
  console.error(`fermata: ${showControls(messageOf(error))}`);
  if (process.env['LOG_LEVEL'] === 'debug' || isBug(error)) console.error(error);
  return error instanceof UsageError || error instanceof ConfigError ? EXIT.wrongUse : EXIT.failed;
}

/** Returns whether an error indicates a bug, so that its message is not meant for users. */
function isBug(error: unknown): boolean {
  return error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
}

// It is not an error if the reader closes the pipe, as in `fermata runs | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
main(process.argv.slice(2)).catch((error: unknown) => {
  process.exitCode = exitCodeOf(error);
});
