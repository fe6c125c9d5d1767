import type { components } from '../api/schema';
import { valueAtPath } from './place';
import { isRecord } from './records';

type Step = components['schemas']['Step'];
export type ScriptKind = 'run_shell' | 'run_script';

/** What a step runs in the sandbox. */
export interface StepScript {
  kind: ScriptKind;
  /** Undefined if the definition version to which the run is pinned is no longer stored. */
  script: string | undefined;
  packages: readonly string[];
  env: Readonly<Record<string, string>>;
  /** References to secrets, by variable. */
  secretEnv: Readonly<Record<string, string>>;
}

const KINDS: ReadonlyMap<string | null, ScriptKind> = new Map([
  ['integration-script.run_shell', 'run_shell'],
  ['integration-script.run_script', 'run_script'],
]);

/**
 * Returns the script of a step, or null if the step runs no script. The script is taken from the definition, because
 * rendered configurations contain no code. The other fields are taken from the rendered configuration or, if the step
 * has not rendered it, from the definition.
 */
export function scriptOf(
  { path, action, config }: Pick<Step, 'path' | 'action' | 'config'>,
  definition: unknown,
): StepScript | null {
  const kind = KINDS.get(action);
  if (kind === undefined) return null;
  const step = valueAtPath(definition, path);
  const written = isRecord(step) && isRecord(step['config']) ? step['config'] : {};
  const { packages, env, secretEnv } = config ?? written;
  const { script } = written;
  return {
    ...{ kind, script: typeof script === 'string' ? script : undefined },
    packages: Array.isArray(packages) ? packages.map(String) : [],
    ...{ env: textsOf(env), secretEnv: textsOf(secretEnv) },
  };
}

const textsOf = (values: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(isRecord(values) ? values : {}).map(([name, value]) => [name, String(value)]));
