import { z } from 'zod';
import { millisecondsOf, writtenMs } from '../../domain/definition/duration';
import type { CallingAction, Plugin } from '../contract';
import { ProviderFailure } from '../provider-failure';
import { PackageList, ScriptEnv } from './script-config';
import type { ScriptKind } from './run-script';
import { WORKER_WAIT_MS, type ScriptRunner } from './script-runner';

const Config = z.strictObject({
  script: z.string().min(1).max(262_144).meta({ 'x-code': true }),
  env: ScriptEnv.default({}),
  secretEnv: ScriptEnv.default({}).meta({
    'x-secret-env': true,
    description: 'Environment variables whose values are secrets, each written as `${{ secrets.NAME }}`',
  }),
  workingDirectory: z
    .string()
    .max(1_000)
    .optional()
    .describe('Relative path inside the private directory of the script'),
  timeout: millisecondsOf(1_000, 300_000, 30_000).default(30_000).describe('"1m", {minutes: 1} or milliseconds'),
  network: z
    .boolean()
    .default(false)
    .describe('Allow HTTP and HTTPS requests through a proxy; FERMATA_SCRIPT_NETWORK must allow it'),
  packages: PackageList.default([]).describe('Packages from the allow-list, as `name` or `name@version`'),
});
type Config = z.infer<typeof Config>;

const Ended = {
  exitCode: z.int().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  durationMs: z.number(),
  timedOut: z.boolean(),
};
/**
 * Milliseconds added to the script's own timeout. They cover waiting for a slot, starting the script, and storing the
 * result.
 */
const AROUND_MS = WORKER_WAIT_MS + 10_000;

function scriptAction(
  scripts: ScriptRunner,
  kind: ScriptKind,
  about: { displayName: string; description: string; artifact: string; schema: z.ZodObject },
): CallingAction<Config> {
  const { displayName, description, artifact: name, schema } = about;
  return {
    ...{
      id: kind,
      displayName,
      description,
      configSchema: Config,
      produces: { name, schema },
      execution: 'call',
      startsApart: true,
    },
    // Also called before the configuration is parsed.
    timeoutMs: ({ timeout }) => (writtenMs(timeout) ?? 30_000) + AROUND_MS,
    async execute({ config, run, scope, mask, signal }) {
      const { env, secretEnv, timeout: timeoutMs, ...rest } = config;
      const { error, ...ended } = await scripts.run({
        ...{ ...rest, kind, timeoutMs, mask, signal },
        scope: { ...scope, runId: run.id, contextKey: run.contextKey },
        env: { ...env, ...secretEnv },
      });
      if (error === undefined) return { output: ended, artifact: ended };
      throw new ProviderFailure(ended.timedOut ? 'timeout' : 'script_failed', error, {
        retryable: false,
        output: ended,
      });
    },
  };
}

/**
 * Creates the plugin for scripts. Each script runs in a separate process, in a sandbox unless `ScriptPolicy.sandbox` is
 * `none`.
 */
export function createScriptPlugin(scripts: ScriptRunner): Plugin {
  return {
    id: 'integration-script',
    actions: [
      scriptAction(scripts, 'run_shell', {
        displayName: 'Run a shell script',
        description: 'Runs a Bash script; payload, artifacts and variables are in its environment.',
        artifact: 'shell_result',
        schema: z.object(Ended),
      }),
      scriptAction(scripts, 'run_script', {
        displayName: 'Run a script',
        description: 'Runs JavaScript or TypeScript with `export default async (context) => result`.',
        artifact: 'script_result',
        schema: z.object({ ...Ended, result: z.unknown().optional() }),
      }),
    ],
  };
}
