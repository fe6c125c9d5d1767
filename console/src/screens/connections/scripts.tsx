import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Play } from 'lucide-react';
import { useMay } from '../../api/session';
import { useSearchParams } from '../../lib/search';
import type { ScriptKind } from '../../lib/step-script';
import { durationText } from '../../lib/time';
import { AreaField, SelectField, TextField } from '../../ui/field';
import { Json } from '../../ui/json';
import { Page, Panel, Problem } from '../../ui/page';
import { Status } from '../../ui/status';
import { runScript, STARTS, useScriptInput, type LoadedStep } from './script-input';
import { EnvironmentRows, SecretRows } from './script-variables';

type Result = Awaited<ReturnType<typeof runScript>>;

/**
 * Runs a script, without an automation, in the sandbox that steps use. The script gets a sample context, or the context
 * of a step in a past run. If that step runs a script, the script is loaded, too.
 */
export function Scripts() {
  const may = useMay('manage');
  const [search] = useSearchParams();
  const { input, set, loaded } = useScriptInput(search['run'], search['step']);
  const { kind, script, packages } = input;
  const run = useMutation({ mutationFn: async () => runScript(input) });
  return (
    <Page
      title="Try a script"
      sub={<Sub />}
      aside={
        <button type="button" className="primary" disabled={!may || run.isPending} onClick={() => run.mutate()}>
          <Play size={14} aria-hidden /> {run.isPending ? 'Running…' : 'Run it'}
        </button>
      }
    >
      {loaded.error !== null && <Problem error={loaded.error} />}
      <div className="two-columns">
        <Panel title="Script">
          <div className="detail">
            <KindField
              kind={kind}
              onChange={(next) => set({ kind: next, ...(script === STARTS[kind] && { script: STARTS[next] }) })}
            />
            <AreaField
              label="Source"
              code
              rows={12}
              value={script}
              onChange={(text) => set({ script: text })}
              hint={sourceOf(loaded)}
            />
            {kind === 'run_script' && (
              <TextField
                label="Packages"
                value={packages}
                onChange={(names) => set({ packages: names })}
                hint="Names, separated by commas."
              />
            )}
            <EnvironmentRows rows={input.env} onChange={(env) => set({ env })} />
            <SecretRows rows={input.secrets} onChange={(secrets) => set({ secrets })} />
          </div>
        </Panel>
        <div>
          <ContextPanel context={input.context} onChange={(context) => set({ context })} runId={loaded.runId} />
          {run.error !== null && <Problem error={run.error} />}
          {run.data !== undefined && <Output result={run.data} />}
        </div>
      </div>
    </Page>
  );
}

/**
 * Returns a message that says where the script was loaded from, or why it was not loaded. Returns undefined if no step
 * was chosen or the script has not been loaded yet.
 */
function sourceOf({ path, script }: LoadedStep): string | undefined {
  if (path === undefined || script === undefined) return undefined;
  if (script === null) return `${path} runs no script. This is a sample.`;
  if (script.script !== undefined) return `Loaded from ${path}. Changes here do not change the automation.`;
  return `The script of ${path} is no longer kept. This is a sample.`;
}

function Sub() {
  return (
    <>
      <span>
        The script runs in the same sandbox as steps. Secrets are placeholders unless you enter a value for this run.
      </span>
      <Link to="/automations" search={{ uses: 'script:*' }}>
        Automations with scripts
      </Link>
    </>
  );
}

function KindField({ kind, onChange }: { kind: ScriptKind; onChange(kind: ScriptKind): void }) {
  return (
    <SelectField<ScriptKind>
      label="Kind"
      value={kind}
      options={[
        { value: 'run_shell', label: 'Shell' },
        { value: 'run_script', label: 'TypeScript' },
      ]}
      onChange={onChange}
    />
  );
}

interface ContextPanelProps {
  context: string;
  onChange(context: string): void;
  /** The run from which the context was loaded. */
  runId: string | undefined;
}

function ContextPanel({ context, onChange, runId }: ContextPanelProps) {
  const hint =
    runId === undefined
      ? 'To use the scope of a real step, open the step in its run and choose “Try a script with this scope”.'
      : `Loaded from run ${runId}. Secrets are masked as ****: if the script needs one, enter its value in the secret environment.`;
  return (
    <Panel title="Context">
      <div className="detail">
        <AreaField label="As JSON" code rows={12} value={context} onChange={onChange} hint={hint} />
      </div>
    </Panel>
  );
}

function Output({ result }: { result: Result }) {
  return (
    <Panel
      title="Outcome"
      aside={
        <Status
          value={result.ok ? 'success' : 'failed'}
          label={`${result.timedOut ? 'timed out' : `exit code ${result.exitCode ?? 'none'}`}, ${durationText(result.durationMs)}`}
        />
      }
    >
      <div className="detail" role="status">
        {result.error !== undefined && <p className="tone-bad">{result.error}</p>}
        {result.result !== undefined && (
          <>
            <h3>Result</h3>
            <Json value={result.result} />
          </>
        )}
        <h3>Standard output</h3>
        <pre className="json" tabIndex={0}>
          {result.stdout === '' ? 'nothing' : result.stdout}
        </pre>
        {result.stderr !== '' && (
          <>
            <h3>Standard error</h3>
            <pre className="json" tabIndex={0}>
              {result.stderr}
            </pre>
          </>
        )}
      </div>
    </Panel>
  );
}
