import { Option, type Command } from 'commander';
import { ConfigError, loadConfig } from '../config';
import { lazyClient } from '../temporal/connect';
import { createReleases, type Releases, type ReleaseStatus } from '../temporal/release/releases';
import { createOutput, type Output } from './print/output';
import { UsageError } from './usage-error';

interface Options {
  force?: true;
  json?: true;
}

const AS_JSON = ['--json', 'print the status of the builds as JSON'] as const;
const FORCE = ['--force', 'proceed even if the build lacks workers on some task queues'] as const;

/** Configures `fermata release`. */
export function configure(command: Command): void {
  command.addHelpText(
    'after',
    `
Chooses the build of the workers that takes runs (Temporal's Worker Deployments). Needs FERMATA_DEPLOYMENT_NAME and the
settings of Temporal. If no build is given, it is FERMATA_BUILD_ID, which defaults to the build that the command runs from.

Examples:
  fermata release status
  fermata release ramp --percentage 10
  fermata release current
  fermata release current 0.1.0+3f2a9c1b7d04
`,
  );
  addStatus(command);
  addCurrent(command);
  addRamp(command);
}

function addStatus(command: Command): void {
  command
    .command('status')
    .description('show the current build, the ramping build and all other builds that Temporal knows')
    .option(...AS_JSON)
    .action((options: Options) => withReleases(options, () => Promise.resolve()));
}

function addCurrent(command: Command): void {
  command
    .command('current')
    .description('make a build current: new runs start on it, and open runs move to it at their next task')
    .argument('[build]', 'default: this build')
    .option('--unversioned', 'send all runs to workers without FERMATA_DEPLOYMENT_NAME')
    .option(...FORCE)
    .option(...AS_JSON)
    .action((build: string | undefined, options: Options & { unversioned?: true }) => {
      if (options.unversioned && build !== undefined) throw new UsageError('Give a build or --unversioned, not both.');
      return withReleases(options, (releases, own) =>
        releases.setCurrent(options.unversioned ? null : (build ?? own), options.force === true),
      );
    });
}

function addRamp(command: Command): void {
  command
    .command('ramp')
    .description('send a percentage of the runs to a build')
    .argument('[build]', 'default: this build')
    .addOption(new Option('--percentage <number>', 'share of the runs, 0 to 100').argParser(percentageOf))
    .option('--stop', 'end the ramp: the current build takes all runs')
    .option(...FORCE)
    .option(...AS_JSON)
    .action((build: string | undefined, options: Options & { percentage?: number; stop?: true }) => {
      const { percentage, stop } = options;
      if ((percentage === undefined) === (stop === undefined)) throw new UsageError('Give --percentage or --stop.');
      return withReleases(options, (releases, own) =>
        releases.setRamping(
          percentage === undefined ? null : { buildId: build ?? own, percentage },
          options.force === true,
        ),
      );
    });
}

function percentageOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100))
    throw new UsageError('--percentage must be a number from 0 to 100.');
  return value;
}

/**
 * Performs a change and prints the resulting status.
 * @throws {ConfigError} when FERMATA_DEPLOYMENT_NAME is not set
 */
async function withReleases(
  { json }: Options,
  change: (releases: Releases, ownBuild: string) => Promise<void>,
): Promise<void> {
  const { temporal, deployment } = loadConfig(process.env, []);
  if (deployment === undefined) {
    throw new ConfigError('FERMATA_DEPLOYMENT_NAME is not set: worker versioning is off (docs/releases.md).');
  }
  const client = lazyClient(temporal);
  try {
    const releases = createReleases({ client, deployment: deployment.name });
    await change(releases, deployment.buildId);
    const status = await releases.status();
    const output = createOutput();
    if (json) output.json({ ...status, build: deployment.buildId });
    else print(status, deployment.buildId, output);
  } finally {
    await client.connection.close();
  }
}

function print({ deployment, current, ramping, versions }: ReleaseStatus, own: string, output: Output): void {
  output.line(`Deployment ${deployment}`);
  output.line(`Current:  ${current ?? 'workers without versioning'}`);
  output.line(`Ramping:  ${ramping === null ? 'none' : `${ramping.buildId}, ${ramping.percentage} % of the runs`}`);
  output.line('Builds:');
  for (const { buildId, status } of versions) {
    output.line(`  ${buildId}  ${status}${buildId === own ? '  (this build)' : ''}`);
  }
}
