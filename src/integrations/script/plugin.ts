import { z } from 'zod';
import type { CallingAction, Plugin } from '../contract';
import { ProviderFailure } from '../provider-failure';
import { runScript, type ScriptKind } from './run-script';
import type { PackageSource } from './packages';
import type { ScriptPolicy } from './sandbox';

const Env = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable'), z.string());
const Config = z.strictObject({
  script: z.string().min(1).max(262_144).meta({ 'x-code': true }),
  env: Env.default({}),
  secretEnv: Env.default({}).meta({ 'x-secret-env': true, description: 'Each a `${{ secrets.NAME }}`' }),
  workingDirectory: z.string().max(1_000).optional().describe('Relative, inside the private directory of the script'),
  timeout: z.int().min(1_000).max(300_000).default(30_000).describe('Milliseconds'),
  network: z.boolean().default(false).describe('Ask for the network; FERMATA_SCRIPT_NETWORK has to allow it'),
  packages: z.array(z.string()).default([]).describe('From the allow-list, `name` or `name@version`'),
});
type Config = z.infer<typeof Config>;

const Ended = {
  exitCode: z.int().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  durationMs: z.number(),
  timedOut: z.boolean(),
};
/** Starting, compiling and writing down, around the script's own time. */
const AROUND_MS = 10_000;

function scriptAction(
  policy: ScriptPolicy,
  packages: PackageSource,
  kind: ScriptKind,
  about: { displayName: string; description: string; artifact: string; schema: z.ZodObject },
): CallingAction<Config> {
  const { displayName, description, artifact: name, schema } = about;
  return {
    ...{ id: kind, displayName, description, configSchema: Config, produces: { name, schema }, execution: 'call' },
    // Also asked before the configuration is parsed.
    timeoutMs: ({ timeout }) => (typeof timeout === 'number' ? timeout : 30_000) + AROUND_MS,
    async execute({ config, scope, mask, signal }) {
      const { script, env, secretEnv, workingDirectory, network, timeout: timeoutMs } = config;
      const request = {
        kind,
        script,
        scope,
        env: { ...env, ...secretEnv },
        workingDirectory,
        network,
        packages: await packages(config.packages),
        timeoutMs,
        mask,
        signal,
      };
      const { error, ...ended } = await runScript(policy, request);
      if (error === undefined) return { output: ended, artifact: ended };
      throw new ProviderFailure(ended.timedOut ? 'timeout' : 'script_failed', error, {
        retryable: false,
        output: ended,
      });
    },
  };
}

/** Scripts of automations, in a process of their own that sees nothing but what it is given. */
export function createScriptPlugin(policy: ScriptPolicy, packages: PackageSource): Plugin {
  return {
    id: 'integration-script',
    actions: [
      scriptAction(policy, packages, 'run_shell', {
        displayName: 'Run a shell script',
        description: 'Runs a script of bash; payload, artifacts and variables are in its environment.',
        artifact: 'shell_result',
        schema: z.object(Ended),
      }),
      scriptAction(policy, packages, 'run_script', {
        displayName: 'Run a script',
        description: 'Runs JavaScript or TypeScript with `export default async (context) => result`.',
        artifact: 'script_result',
        schema: z.object({ ...Ended, result: z.unknown().optional() }),
      }),
    ],
  };
}
