import { parseJson } from '../../domain/exact-json';
import { chown, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from '@swc/core';
import { messageOf } from '../../domain/errors';
import type { Mask } from '../../domain/secrets/mask-values';
import { ProviderFailure } from '../provider-failure';
import type { ReadyPackage } from './packages';
import { withDirectory, type ProcessResult } from './run-process';
import { runSandboxed, scriptUser, type ScriptPolicy } from './sandbox';
import { shellEnv, type ScriptScope } from './script-env';
import { unpackInto } from './unpack';

export type ScriptKind = 'run_shell' | 'run_script';

/** A script to run once. */
export interface ScriptRequest {
  kind: ScriptKind;
  script: string;
  scope: ScriptScope;
  /** The author's own variables; win over those of the scope. */
  env: Readonly<Record<string, string>>;
  workingDirectory?: string | undefined;
  network: boolean;
  /** Unpacked where its modules are looked for. */
  packages: readonly ReadyPackage[];
  timeoutMs: number;
  /** Hides secrets in what has to be cut. */
  mask: Mask;
  signal: AbortSignal;
}

/** What a script came to. */
export interface ScriptOutcome extends Omit<ProcessResult, 'result'> {
  /** What `run_script` returned. */
  result?: unknown;
  /** Why it failed; absent = it did not. */
  error?: string;
}

const MEMORY_MB = { run_shell: 1_024, run_script: 8_192 } as const;

/** Data comes by standard input, the answer goes by a file descriptor of its own, so that printing disturbs neither. */
const RUNNER = `
import { writeSync } from 'node:fs';
const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const context = JSON.parse(Buffer.concat(chunks).toString('utf8'));
const answer = (value) => {
  const bytes = Buffer.from(JSON.stringify(value) ?? '{}');
  for (let at = 0; at < bytes.length; ) at += writeSync(3, bytes, at);
};
try {
  const { default: main } = await import('/SCRIPT');
  if (typeof main !== 'function') throw new TypeError('The script has no "export default async (context) => …"');
  answer({ result: await main(context) });
} catch (error) {
  answer({ error: error instanceof Error ? error.name + ': ' + error.message : String(error) });
  console.error(error);
  process.exitCode = 1;
}
`;

/** Runs a script in a sandbox. @throws {ProviderFailure} when it cannot be run at all; a script that fails is an outcome. */
export async function runScript(policy: ScriptPolicy, request: ScriptRequest): Promise<ScriptOutcome> {
  const workingDirectory = relative(request.workingDirectory ?? '');
  const compiled = request.kind === 'run_script' ? await compile(request.script) : { code: '' };
  if (!('code' in compiled)) return compiled;
  return withDirectory(async (directory) => {
    await mkdir(join(directory, workingDirectory), { recursive: true });
    for (const { name, files } of request.packages) await unpackInto(directory, name, files);
    const own = { directory, workingDirectory, memoryMb: MEMORY_MB[request.kind] };
    const { network, timeoutMs, mask, signal, scope } = request;
    const common = { ...own, network, timeoutMs, mask, signal };
    if (request.kind === 'run_shell') {
      await writeFile(join(directory, '.script.sh'), request.script);
      await give(directory);
      const path = policy.sandbox === 'none' ? join(directory, '.script.sh') : '/work/.script.sh';
      const env = { ...shellEnv(scope), ...request.env };
      return outcomeOf(await runSandboxed(policy, { ...common, command: ['/bin/bash', path], env, stdin: '' }), mask);
    }
    const root = policy.sandbox === 'none' ? directory : '/work';
    await writeFile(join(directory, '.script.mjs'), compiled.code);
    await writeFile(join(directory, '.runner.mjs'), RUNNER.replace("'/SCRIPT'", JSON.stringify(`${root}/.script.mjs`)));
    await give(directory);
    const command = [process.execPath, '--max-old-space-size=256', `${root}/.runner.mjs`];
    const { trigger, artifacts, variables, repeat, automation } = scope;
    const stdin = JSON.stringify({ trigger, artifacts, var: variables, repeat, automation });
    return outcomeOf(await runSandboxed(policy, { ...common, command, env: request.env, stdin }), mask);
  });
}

/** To the user that the script runs as; the directory itself is closed to all others. */
async function give(directory: string): Promise<void> {
  const user = scriptUser();
  if (user === undefined) return;
  for (const name of ['', ...(await readdir(directory, { recursive: true }))])
    await chown(join(directory, name), user, user);
}

/** A path below the private directory. */
function relative(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..') || path.includes('\0')) {
    throw new ProviderFailure('config_invalid', 'workingDirectory must be relative and stay inside.', {
      retryable: false,
    });
  }
  return parts.join('/');
}

/** TypeScript and JavaScript as a module of JavaScript; types are dropped, not checked. One that is neither has failed, as with bash. */
async function compile(script: string): Promise<{ code: string } | ScriptOutcome> {
  try {
    const { code } = await transform(script, {
      ...{ swcrc: false, configFile: false, filename: 'script.ts', sourceMaps: 'inline' },
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
      module: { type: 'es6' },
    });
    return { code };
  } catch (error) {
    const [stderr = ''] = messageOf(error).split('\n\nCaused by');
    const ended = { exitCode: null, stdout: '', stderr, durationMs: 0, timedOut: false };
    return { ...ended, error: `The script cannot be read: ${stderr.trim()}` };
  }
}

function outcomeOf({ result, ...ended }: ProcessResult, mask: Mask): ScriptOutcome {
  const answer = parsed(result);
  const own = 'result' in answer ? { result: answer.result } : {};
  if (ended.timedOut) return { ...ended, ...own, error: 'The script took too long and was killed.' };
  if (ended.exitCode === 0)
    return answer.error === undefined ? { ...ended, ...own } : { ...ended, error: answer.error };
  const last = mask(ended.stderr.trim().split('\n').at(-1) ?? '');
  const how = ended.exitCode === null ? 'The script was killed' : `The script ended with exit code ${ended.exitCode}`;
  return { ...ended, ...own, error: answer.error ?? `${how}${last === '' ? '.' : `: ${last.slice(0, 500)}`}` };
}

function parsed(text: string): { result?: unknown; error?: string } {
  if (text === '') return {};
  try {
    return (parseJson(text) ?? {}) as { result?: unknown; error?: string };
  } catch {
    return { error: 'The result of the script is larger than 1 MB, or no JSON.' };
  }
}
