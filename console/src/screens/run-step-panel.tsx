import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { stringify } from 'yaml';
import type { components } from '../api/schema';
import { valueAtPath } from '../lib/place';
import { isRecord, omit } from '../lib/records';
import { ConditionList } from '../ui/conditions';
import { CopyId } from '../ui/copy';
import { Facts } from '../ui/facts';
import { Json } from '../ui/json';
import { Empty, Loaded, Panel } from '../ui/page';
import { Status } from '../ui/status';
import { Duration, Time } from '../ui/time';
import { pinnedVersionQuery } from './run-graph';
import { Attempts, ChangedVariables, RenderedConfig, scopeQuery } from './run-step-parts';
import { WaitFacts } from './run-wait';

type RunData = components['schemas']['Run'];
type Step = components['schemas']['Step'];
type Artifact = components['schemas']['Artifact'];

interface StepPanelProps {
  run: RunData;
  step: Step | undefined;
  artifacts: readonly Artifact[];
  /** A retry button, shown below the step's error. */
  retry: React.ReactNode;
}

/** Shows everything about the chosen step. */
export function StepPanel({ run, step, artifacts, retry }: StepPanelProps) {
  if (step === undefined) {
    return (
      <Panel title="Step">
        <Empty>Choose a step to see its result, attempts and errors.</Empty>
      </Panel>
    );
  }
  const trace = isRecord(step.trace) ? step.trace : {};
  const conditions = Array.isArray(trace['conditions']) ? trace['conditions'] : [];
  const own = artifacts.filter(({ actionId }) => actionId !== null && actionId === step.actionId);
  return (
    <Panel
      title={step.actionId ?? step.action ?? step.kind.replaceAll('_', ' ')}
      aside={<Status value={step.status} />}
    >
      <Facts
        rows={[
          ['Path', <CopyId key="path" id={step.path} short={60} />],
          ['Kind', step.action ?? step.kind.replaceAll('_', ' ')],
          ['Started', <Time key="at" at={step.startedAt} />],
          ['Took', <Duration key="took" from={step.startedAt} to={step.finishedAt} />],
          ['Attempts', step.attempts > 1 ? step.attempts : undefined],
        ]}
      />
      {step.status === 'waiting' && <WaitFacts run={run} step={step} />}
      <div className="detail">
        {step.error !== null && <StepError error={step.error} />}
        {retry}
        <Attempts step={step} />
        {conditions.length > 0 && (
          <>
            <h3>Conditions</h3>
            <ConditionList traces={conditions} />
          </>
        )}
        <Warnings trace={trace} />
        <RenderedConfig step={step} />
        <ChangedVariables runId={run.id} step={step} />
        {step.result !== null && step.status !== 'waiting' && (
          <>
            <h3>Result</h3>
            <Json value={step.result} />
          </>
        )}
        {own.map((artifact) => (
          <div key={artifact.name}>
            <h3>
              Artifact {artifact.name} · {artifact.type}
            </h3>
            <Json value={artifact.data} />
          </div>
        ))}
        <AsWritten key={`written:${step.path}`} run={run} step={step} />
        <ScopeOf key={`scope:${step.path}`} run={run} step={step} />
      </div>
    </Panel>
  );
}

function StepError({ error }: { error: Record<string, unknown> }) {
  const { code, message } = error;
  const more = omit(error, 'code', 'message', 'path', 'actionId');
  return (
    <div className="step-error" role="alert">
      <strong>{String(code)}</strong>
      <p>{String(message ?? '')}</p>
      {Object.keys(more).length > 0 && <Json value={more} />}
    </div>
  );
}

function Warnings({ trace }: { trace: Record<string, unknown> }) {
  if (!Array.isArray(trace['warnings'])) return null;
  return trace['warnings'].map((warning, index) => (
    <p key={index} className="tone-warn">
      {String(warning)}
    </p>
  ));
}

/** A collapsible section. It renders its contents, and therefore reads their data, only while it is open. */
function Fold({ title, children }: { title: string; children: () => React.ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && children()}
    </details>
  );
}

/** The step as written in the version of the definition that the run is pinned to. */
function AsWritten({ run, step }: { run: RunData; step: Step }) {
  return <Fold title="As written">{() => <Written run={run} step={step} />}</Fold>;
}

function Written({ run, step }: { run: RunData; step: Step }) {
  const query = useQuery(pinnedVersionQuery(run));
  return (
    <Loaded query={query}>
      {(version) => {
        const written = valueAtPath(version?.definition, step.path);
        return written === undefined ? (
          <p className="faint">Version {run.version} is no longer kept.</p>
        ) : (
          <pre className="json" tabIndex={0}>
            {stringify(written, { lineWidth: 0 })}
          </pre>
        );
      }}
    </Loaded>
  );
}

/** The trigger, variables and artifacts that the step's expressions could use. */
function ScopeOf({ run, step }: { run: RunData; step: Step }) {
  return (
    <>
      <Fold title="Scope as seen by this step">{() => <Scope run={run} step={step} />}</Fold>
      <Link to="/scripts" search={{ run: run.id, step: step.path }}>
        Try a script with this scope
      </Link>
    </>
  );
}

function Scope({ run, step }: { run: RunData; step: Step }) {
  const query = useQuery(scopeQuery(run.id, step.path));
  return (
    <Loaded query={query}>
      {({ scope, snapshot }) => (
        <>
          {!snapshot && <p className="faint">The step has not started yet. This is the current scope of the run.</p>}
          <Json value={omit(scope, 'var')} />
        </>
      )}
    </Loaded>
  );
}
