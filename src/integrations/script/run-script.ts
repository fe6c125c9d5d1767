import { join } from 'node:path';
import type { Egress } from '../../edges/egress/egress';
import type { Mask } from '../../domain/secrets/mask-values';
import { ProviderFailure } from '../provider-failure';
import type { Mount } from './bubblewrap';
import { FORWARDER, FORWARDER_PORT, RUNNER } from './guest-sources';
import type { ReadyPackage } from './package-cache';
import type { RuntimeFiles } from './runtime-files';
import { runSandboxed, type SandboxedCommand, type ScriptPolicy } from './sandbox';
import { shellEnv, type ScriptInput } from './script-env';
import { outcomeOf, type ScriptOutcome } from './script-outcome';
import { startScriptProxy, type ScriptProxy } from './script-proxy';
import { isRefusedVariable } from './variable-names';

export type ScriptKind = 'run_shell' | 'run_script';

/** A script to run once. */
export interface ScriptRequest {
  kind: ScriptKind;
  script: string;
  scope: ScriptInput;
  /** Variables set by the author. They override variables derived from the scope. */
  env: Readonly<Record<string, string>>;
  workingDirectory?: string | undefined;
  network: boolean;
  /** Packages as `name` or `name@version`. Only allowed packages can be used. */
  packages: readonly string[];
  timeoutMs: number;
  /** Masks secrets in outputs that have to be truncated. */
  mask: Mask;
  signal: AbortSignal;
}

/** Objects that all scripts of a process share. */
export interface ScriptParts {
  policy: ScriptPolicy;
  egress: Egress;
  runtime: RuntimeFiles;
}

/** Directory in the sandbox for files that the service provides. */
const GUEST = '/run/fermata';

/**
 * Runs a script in a sandbox. A script that fails is a normal outcome.
 * @throws {ProviderFailure} when the script cannot be run at all
 */
export async function runScript(
  parts: ScriptParts,
  request: ScriptRequest,
  packages: readonly ReadyPackage[],
): Promise<ScriptOutcome> {
  const { policy, runtime } = parts;
  const workingDirectory = relative(request.workingDirectory ?? '');
  refuseVariables(request.env);
  if (request.network && !policy.network) {
    throw invalid('The script requests the network, which FERMATA_SCRIPT_NETWORK does not allow.');
  }
  const { timeoutMs, mask, signal, scope } = request;
  const way = await openWay(parts, request);
  try {
    const { trigger, artifacts, variables, repeat, automation } = scope;
    const isShell = request.kind === 'run_shell';
    const scopeEnv = isShell ? shellEnv(scope) : {};
    const content = isShell ? shellContent(request) : await nodeContent(policy, runtime, request);
    const ended = await runSandboxed(policy, {
      ...{ workingDirectory, timeoutMs, mask, signal },
      files: { ...content.files, ...way.files },
      mounts: [...content.mounts, ...way.mounts],
      folders: Object.fromEntries(packages.map(({ name, directory }) => [`node_modules/${name}`, directory])),
      command: (root) => way.command(root, content.command(root)),
      env: { ...scopeEnv, ...way.env, ...request.env },
      stdin: isShell ? '' : JSON.stringify({ trigger, artifacts, var: variables, repeat, automation }),
    });
    return outcomeOf(ended, mask, scopeEnv['FERMATA_OMITTED']);
  } finally {
    await way.close();
  }
}

type Content = Pick<SandboxedCommand, 'files' | 'mounts' | 'command'>;

const shellContent = ({ script }: ScriptRequest): Content => ({
  files: { '.script.sh': script },
  mounts: [],
  command: (root) => ['/bin/bash', '--norc', '--noprofile', `${root}/.script.sh`],
});

async function nodeContent(policy: ScriptPolicy, runtime: RuntimeFiles, request: ScriptRequest): Promise<Content> {
  const hasWalls = policy.sandbox !== 'none';
  const mounts: Mount[] = [{ from: await runtime.amaro(), to: `${GUEST}/amaro.cjs` }];
  // Without a sandbox, a script uses the host's network directly, without a proxy.
  if (request.network && hasWalls) mounts.push({ from: await runtime.undici(), to: `${GUEST}/undici` });
  const [amaro, undici] = mounts.map(({ from, to }) => (hasWalls ? to : from));
  const flags = ['--max-old-space-size=256', '--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  return {
    files: { '.script.ts': request.script, '.runner.mjs': RUNNER },
    mounts,
    command: (root) => [
      ...[process.execPath, ...flags, `${root}/.runner.mjs`, `${root}/.script.ts`],
      ...[amaro ?? '', undici ?? ''],
    ],
  };
}

/** How a sandbox reaches the network, if the script needs it. */
interface Way extends Pick<SandboxedCommand, 'files' | 'mounts' | 'env'> {
  command(root: string, inner: readonly string[]): readonly string[];
  close(): Promise<void>;
}

const NO_WAY: Way = {
  ...{ files: {}, mounts: [], env: {} },
  command: (_root, inner) => inner,
  close: () => Promise.resolve(),
};

let sockets = 0;

async function openWay({ policy, egress, runtime }: ScriptParts, { network }: ScriptRequest): Promise<Way> {
  if (!network || policy.sandbox === 'none') return NO_WAY;
  const socket = join(await runtime.root(), `${(sockets += 1)}.sock`);
  const proxy: ScriptProxy = await startScriptProxy(egress, socket);
  const url = `http://127.0.0.1:${FORWARDER_PORT}`;
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];
  return {
    files: { '.forwarder.mjs': FORWARDER },
    mounts: [{ from: socket, to: `${GUEST}/proxy.sock`, isWritable: true }],
    env: { ...Object.fromEntries(names.map((name) => [name, url])), NO_PROXY: 'localhost,127.0.0.1' },
    command: (root, inner) => [process.execPath, `${root}/.forwarder.mjs`, `${GUEST}/proxy.sock`, ...inner],
    close: () => proxy.close(),
  };
}

function refuseVariables(env: Readonly<Record<string, string>>): void {
  const refused = Object.keys(env).filter(isRefusedVariable);
  if (refused.length > 0) throw invalid(`These variables must not be set for a script: ${refused.join(', ')}.`);
}

/**
 * Normalises a working directory.
 * @throws {ProviderFailure} `config_invalid` if it is absolute or leaves the private directory
 */
function relative(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (path.startsWith('/') || parts.includes('..') || path.includes('\0')) {
    throw invalid('workingDirectory must be a relative path inside the private directory of the script.');
  }
  return parts.join('/');
}

const invalid = (message: string) => new ProviderFailure('config_invalid', message, { retryable: false });
