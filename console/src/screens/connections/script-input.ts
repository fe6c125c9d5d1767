import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { ScriptKind, StepScript } from '../../lib/step-script';
import { scopeQuery } from '../run-step-parts';
import { stepScriptQuery } from './step-script-query';

/** An environment variable. */
export interface Variable {
  name: string;
  text: string;
}

/** An environment variable that refers to a secret. */
export interface SecretVariable extends Variable {
  /** Value of the secret for this test. If empty, a placeholder is used. */
  override: string;
}

/** A script to run, as the user edits it. */
interface ScriptInput {
  kind: ScriptKind;
  script: string;
  /** JSON text. */
  context: string;
  env: readonly Variable[];
  secrets: readonly SecretVariable[];
  /** Package names, separated by commas. */
  packages: string;
}

/** The initial script for each kind of script. */
export const STARTS: Readonly<Record<ScriptKind, string>> = {
  run_shell: 'echo "$FERMATA_TRIGGER_EVENT"\n',
  run_script: 'export default ({ trigger }) => ({ event: trigger.event });\n',
};
const SAMPLE = JSON.stringify(
  { trigger: { event: 'incident.created', payload: { title: 'Checkout is down' } } },
  null,
  2,
);
const START: ScriptInput = {
  ...{ kind: 'run_shell', script: STARTS.run_shell, context: SAMPLE },
  ...{ env: [], secrets: [], packages: '' },
};

/** The data loaded from a run. `runId` and `script` are undefined until the scope or the step has been read. */
export interface LoadedStep {
  runId: string | undefined;
  path: string | undefined;
  /** Null if the step runs no script. */
  script: StepScript | null | undefined;
  error: Error | null;
}

/**
 * Returns the edited input, and a function that changes parts of it. The scope of the given run or step and the script
 * of the given step replace the sample input once they have been read.
 */
export function useScriptInput(runId: string | undefined, path: string | undefined) {
  const [input, setInput] = useState(START);
  const set = (changes: Partial<ScriptInput>) => setInput((before) => ({ ...before, ...changes }));
  const isOfStep = runId !== undefined && path !== undefined;
  const scope = useQuery({ ...scopeQuery(runId ?? '', path), enabled: runId !== undefined });
  const script = useQuery({ ...stepScriptQuery(runId ?? '', path ?? ''), enabled: isOfStep });
  useEffect(() => {
    if (scope.data === undefined) return;
    const { trigger, artifacts, var: variables, repeat, automation } = scope.data.scope;
    set({ context: JSON.stringify({ trigger, artifacts, var: variables, repeat, automation }, null, 2) });
  }, [scope.data]);
  useEffect(() => {
    if (script.data != null) set(inputOf(script.data));
  }, [script.data]);
  const loaded: LoadedStep = {
    ...{ runId: scope.data?.runId, path, script: script.data },
    error: scope.error ?? script.error,
  };
  return { input, set, loaded };
}

function inputOf({ kind, script, packages, env, secretEnv }: StepScript): Partial<ScriptInput> {
  return {
    ...{ kind, script: script ?? STARTS[kind], packages: packages.join(', ') },
    env: Object.entries(env).map(([name, text]) => ({ name, text })),
    secrets: Object.entries(secretEnv).map(([name, text]) => ({ name, text, override: '' })),
  };
}

/**
 * Runs a script on the server.
 * @throws {SyntaxError} when the context is not valid JSON
 * @throws {ApiError} when the API refuses the call or cannot be reached
 */
export function runScript({ kind, script, context, env, secrets, packages }: ScriptInput) {
  const named = secrets.filter(({ name }) => name !== '');
  const overridden = named.filter(({ override }) => override !== '');
  return bodyOf(
    api.POST('/api/v1/scripts/test', {
      body: {
        ...{ kind, script, context: JSON.parse(context) as Record<string, never> },
        env: Object.fromEntries(env.map(({ name, text }) => [name, text])),
        secretEnv: Object.fromEntries(named.map(({ name, text }) => [name, text])),
        secretOverrides: Object.fromEntries(overridden.map(({ text, override }) => [nameOf(text), override])),
        ...(packages.trim() === '' ? {} : { packages: packages.split(',').map((each) => each.trim()) }),
      },
    }),
  );
}

/** Returns the name in `${{ secrets.NAME }}`, or the whole text if there is no such expression. */
const nameOf = (text: string): string => /secrets\.(\w+)/.exec(text)?.[1] ?? text;
