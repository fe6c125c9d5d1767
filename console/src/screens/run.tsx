import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { ExternalLink, RotateCcw, Square } from 'lucide-react';
import { useMemo } from 'react';
import { api, ask } from '../api/client';
import { queryClient } from '../api/query-client';
import type { components } from '../api/schema';
import { useMay } from '../api/session';
import { CopyId } from '../ui/copy';
import { Json } from '../ui/json';
import { Empty, Loaded, Page, Panel, Problem } from '../ui/page';
import { Status } from '../ui/status';
import { Duration, Time } from '../ui/time';
import { StepList } from './run-steps';
import { WaitFacts } from './run-wait';

type RunData = components['schemas']['Run'];
type Step = components['schemas']['Step'];

/** Steps that wait because a step inside them does. */
const CONTAINERS = new Set(['parallel', 'sequence', 'choose', 'repeat']);

/** The run with all its steps, also those that its own answer does not carry. */
async function readRun(id: string) {
  const detail = await ask(api.GET('/api/v1/runs/{id}', { params: { path: { id } } }));
  if (!detail.stepsTruncated) return detail;
  const steps: Step[] = [];
  let cursor: string | undefined;
  do {
    const query = { limit: 200, ...(cursor === undefined ? {} : { cursor }) };
    const page = await ask(api.GET('/api/v1/runs/{id}/steps', { params: { path: { id }, query } }));
    steps.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { ...detail, steps };
}

/** One run: its steps on a timeline, and everything about the chosen step. */
export function Run() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery({ queryKey: ['run', id], queryFn: () => readRun(id) });
  return (
    <Loaded query={query}>
      {({ run, steps, artifacts }) => (
        <Page title={run.automationName} sub={<Facts run={run} />} aside={<Actions run={run} />}>
          {run.error !== null && <Problem error={new Error(String(run.error['message'] ?? run.error['code']))} />}
          <div className="run-grid">
            <Panel title={`Steps (${steps.length})`}>
              {steps.length === 0 ? <Empty>No step has begun.</Empty> : <Steps run={run} steps={steps} />}
            </Panel>
            <StepPanel run={run} steps={steps} />
          </div>
          {artifacts.length > 0 && (
            <Panel title="Artifacts">
              <div className="detail">
                {artifacts.map((artifact, index) => (
                  <div key={index}>
                    <h3>
                      {artifact.actionId ?? artifact.name} · {artifact.type}
                    </h3>
                    <Json value={artifact.data} />
                  </div>
                ))}
              </div>
            </Panel>
          )}
        </Page>
      )}
    </Loaded>
  );
}

function Facts({ run }: { run: RunData }) {
  return (
    <>
      <Status value={run.status} />
      <span>
        started <Time at={run.startedAt} />
      </span>
      <span>
        {run.finishedAt === null ? 'running for' : 'took'} <Duration from={run.startedAt} to={run.finishedAt} />
      </span>
      <span>{run.triggerEvent ?? 'started by hand'}</span>
      {run.contextKey !== null && <span>{run.contextKey}</span>}
      <span>version {run.version}</span>
      <CopyId id={run.id} short={13} />
      {run.causedBy !== null && <RunLink label="caused by" id={run.causedBy} />}
      {run.parentRunId !== null && <RunLink label="retry of" id={run.parentRunId} />}
    </>
  );
}

function RunLink({ label, id }: { label: string; id: string }) {
  return (
    <span>
      {label}{' '}
      <Link to="/runs/$id" params={{ id }} search={{}}>
        {id.slice(0, 13)}
      </Link>
    </span>
  );
}

function Actions({ run }: { run: RunData }) {
  const may = useMay('manage');
  const navigate = useNavigate();
  const params = { path: { id: run.id } };
  const cancel = useMutation({
    mutationFn: () => ask(api.POST('/api/v1/runs/{id}/cancel', { params })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['run', run.id] }),
  });
  const retry = useMutation({
    mutationFn: async (from: 'start' | 'failure') => {
      const answer: unknown = await ask(api.POST('/api/v1/runs/{id}/retry', { params, body: { from } }));
      return answer as { runId: string };
    },
    onSuccess: ({ runId }) => navigate({ to: '/runs/$id', params: { id: runId }, search: {} }),
  });
  const open = ['pending', 'running', 'waiting'].includes(run.status);
  const error = cancel.error ?? retry.error;
  return (
    <>
      {run.status === 'failed' && (
        <button type="button" disabled={!may || retry.isPending} onClick={() => retry.mutate('failure')}>
          <RotateCcw size={14} aria-hidden /> Retry from the failed step
        </button>
      )}
      {open && (
        <button type="button" disabled={!may || cancel.isPending} onClick={() => cancel.mutate()}>
          <Square size={14} aria-hidden /> Cancel
        </button>
      )}
      {run.webUiUrl !== null && (
        <a className="button" href={run.webUiUrl} target="_blank" rel="noreferrer">
          <ExternalLink size={14} aria-hidden /> Temporal
        </a>
      )}
      {error !== null && <Problem error={error} />}
    </>
  );
}

function useChosen(): string | undefined {
  const search: Record<string, string | undefined> = useSearch({ strict: false });
  return search['step'];
}

function Steps({ run, steps }: { run: RunData; steps: readonly Step[] }) {
  const chosen = useChosen();
  const navigate = useNavigate();
  const choose = (step: string) =>
    void navigate({ to: '/runs/$id', params: { id: run.id }, search: { step }, replace: true });
  return <StepList steps={steps} finishedAt={run.finishedAt} chosen={chosen} onChoose={choose} />;
}

function StepPanel({ run, steps }: { run: RunData; steps: readonly Step[] }) {
  const chosen = useChosen();
  const step = useMemo(
    () =>
      steps.find(({ path }) => path === chosen) ??
      steps.find(({ status }) => status === 'failed') ??
      steps.find(({ status, kind }) => status === 'waiting' && !CONTAINERS.has(kind)),
    [steps, chosen],
  );
  if (step === undefined) {
    return (
      <Panel title="Step">
        <Empty>Choose a step to see its result, attempts and errors.</Empty>
      </Panel>
    );
  }
  return (
    <Panel
      title={step.actionId ?? step.path}
      aside={
        <>
          <Link to="/scripts" search={{ run: run.id, step: step.path }}>
            Try a script with its scope
          </Link>
          <Status value={step.status} />
        </>
      }
    >
      <dl className="facts">
        <dt>Place</dt>
        <dd>
          <CopyId id={step.path} short={60} />
        </dd>
        <dt>Kind</dt>
        <dd>{step.action ?? step.kind}</dd>
        <dt>Started</dt>
        <dd>
          <Time at={step.startedAt} />
        </dd>
        <dt>Took</dt>
        <dd>
          <Duration from={step.startedAt} to={step.finishedAt} />
        </dd>
        <dt>Attempts</dt>
        <dd className="num">{step.attempts}</dd>
        {step.status === 'waiting' && <WaitFacts run={run} step={step} />}
      </dl>
      <div className="detail">
        {step.error !== null && (
          <>
            <h3>Error</h3>
            <Json value={step.error} />
          </>
        )}
        <h3>Result</h3>
        <Json value={step.result} empty="No result." />
        {step.trace != null && (
          <>
            <h3>Trace</h3>
            <Json value={step.trace} />
          </>
        )}
      </div>
    </Panel>
  );
}
