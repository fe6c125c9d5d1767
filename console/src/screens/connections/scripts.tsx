import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Play, Plus, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { api, bodyOf } from '../../api/client';
import { useMay } from '../../api/session';
import { useSearchParams } from '../../lib/search';
import { AreaField, SelectField, TextField } from '../../ui/field';
import { Json } from '../../ui/json';
import { Page, Panel, Problem } from '../../ui/page';
import { Status } from '../../ui/status';
import { durationText } from '../../lib/time';

type Kind = 'run_shell' | 'run_script';
type Result = Awaited<ReturnType<typeof runScript>>;
interface SecretRow {
  variable: string;
  text: string;
  override: string;
}

const STARTS: Readonly<Record<Kind, string>> = {
  run_shell: 'echo "$FERMATA_TRIGGER_EVENT"\n',
  run_script: 'export default ({ trigger }) => ({ event: trigger.event });\n',
};
const SAMPLE = JSON.stringify(
  { trigger: { event: 'incident.created', payload: { title: 'Checkout is down' } } },
  null,
  2,
);

/**
 * Runs a script, without an automation, in the sandbox that steps use. The script gets a sample context, or the context
 * of a step in a past run.
 */
export function Scripts() {
  const may = useMay('manage');
  const [search] = useSearchParams();
  const [kind, setKind] = useState<Kind>('run_shell');
  const [script, setScript] = useState(STARTS.run_shell);
  const [context, setContext] = useState(SAMPLE);
  const [secrets, setSecrets] = useState<SecretRow[]>([]);
  const [packages, setPackages] = useState('');
  const scope = useScope(search['run'], search['step']);
  useEffect(() => {
    if (scope.data === undefined) return;
    const { trigger, artifacts, var: variables, repeat, automation } = scope.data.scope;
    setContext(JSON.stringify({ trigger, artifacts, var: variables, repeat, automation }, null, 2));
  }, [scope.data]);
  const run = useMutation({
    mutationFn: async () => runScript({ kind, script, context, secrets, packages }),
  });
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
      {scope.error !== null && <Problem error={scope.error} />}
      <div className="two-columns">
        <Panel title="Script">
          <div className="detail">
            <KindField
              kind={kind}
              onChange={(next) => {
                if (script === STARTS[kind]) setScript(STARTS[next]);
                setKind(next);
              }}
            />
            <AreaField label="Source" code rows={12} value={script} onChange={setScript} />
            {kind === 'run_script' && (
              <TextField label="Packages" value={packages} onChange={setPackages} hint="Names, separated by commas." />
            )}
            <SecretRows rows={secrets} onChange={setSecrets} />
          </div>
        </Panel>
        <div>
          <ContextPanel context={context} onChange={setContext} runId={scope.data?.runId} />
          {run.error !== null && <Problem error={run.error} />}
          {run.data !== undefined && <Output result={run.data} />}
        </div>
      </div>
    </Page>
  );
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

function KindField({ kind, onChange }: { kind: Kind; onChange(kind: Kind): void }) {
  return (
    <SelectField<Kind>
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
      : `Loaded from run ${runId}.`;
  return (
    <Panel title="Context">
      <div className="detail">
        <AreaField label="As JSON" code rows={12} value={context} onChange={onChange} hint={hint} />
      </div>
    </Panel>
  );
}

/** Reads the expression scope of a step in a past run, or of the run itself if no step is given. */
function useScope(id: string | undefined, step: string | undefined) {
  return useQuery({
    queryKey: ['scope', id, step],
    enabled: id !== undefined,
    queryFn: () => {
      const query = step === undefined ? {} : { actionPath: step };
      return bodyOf(api.GET('/api/v1/runs/{id}/scope', { params: { path: { id: id ?? '' }, query } }));
    },
  });
}

interface ScriptInput {
  kind: Kind;
  script: string;
  /** JSON text. */
  context: string;
  secrets: readonly SecretRow[];
  /** Package names, separated by commas. */
  packages: string;
}

/**
 * Runs a script on the server.
 * @throws {SyntaxError} when the context is not JSON
 * @throws {ApiError}
 */
function runScript({ kind, script, context, secrets, packages }: ScriptInput) {
  const named = secrets.filter(({ variable }) => variable !== '');
  const overridden = named.filter(({ override }) => override !== '');
  return bodyOf(
    api.POST('/api/v1/scripts/test', {
      body: {
        ...{ kind, script, context: JSON.parse(context) as Record<string, never> },
        secretEnv: Object.fromEntries(named.map(({ variable, text }) => [variable, text])),
        secretOverrides: Object.fromEntries(overridden.map(({ text, override }) => [nameOf(text), override])),
        ...(packages.trim() === '' ? {} : { packages: packages.split(',').map((each) => each.trim()) }),
      },
    }),
  );
}

/** Returns the name in `${{ secrets.NAME }}`, or the whole text if there is no such expression. */
const nameOf = (text: string): string => /secrets\.(\w+)/.exec(text)?.[1] ?? text;

function SecretRows({ rows, onChange }: { rows: readonly SecretRow[]; onChange(rows: SecretRow[]): void }) {
  const set = (index: number, changes: Partial<SecretRow>) =>
    onChange(rows.map((row, each) => (each === index ? { ...row, ...changes } : row)));
  return (
    <fieldset>
      <legend>Secret environment</legend>
      {rows.map((row, index) => (
        <div key={index} className="field-row">
          <TextField label="Variable" value={row.variable} onChange={(variable) => set(index, { variable })} />
          <TextField label="Value" value={row.text} onChange={(text) => set(index, { text })} />
          <TextField
            label="For this run only"
            type="password"
            value={row.override}
            onChange={(override) => set(index, { override })}
          />
          <button
            type="button"
            className="icon"
            aria-label="Remove"
            onClick={() => onChange(rows.filter((_, each) => each !== index))}
          >
            <X size={14} aria-hidden />
          </button>
        </div>
      ))}
      <button
        type="button"
        onClick={() => onChange([...rows, { variable: '', text: '${{ secrets.NAME }}', override: '' }])}
      >
        <Plus size={14} aria-hidden /> Add a variable
      </button>
    </fieldset>
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
