import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { ExternalLink, RotateCcw } from 'lucide-react';
import { useMemo } from 'react';
import { api, bodyOf } from '../api/client';
import { queryClient } from '../api/query-client';
import type { components } from '../api/schema';
import { useMay } from '../api/session';
import { runEvent } from '../lib/change-name';
import { useNavigateWhileShown } from '../lib/navigate-while-shown';
import { useSearchParams } from '../lib/search';
import { CopyId, shortId } from '../ui/copy';
import { Empty, Loaded, Page, Panel, Problem } from '../ui/page';
import { Status } from '../ui/status';
import { Duration, Time } from '../ui/time';
import { useGraphView, ViewSwitch } from '../ui/view-switch';
import { CancelRun } from './run-cancel';
import { RunCauses } from './run-causes';
import { RunGraph } from './run-graph';
import { useSteps } from './run-step-pages';
import { StepPanel } from './run-step-panel';
import { StepList } from './run-steps';

type RunData = Detail['run'];
type Step = components['schemas']['Step'];
type Detail = Awaited<ReturnType<typeof readRun>>;

/** Kinds of steps that contain other steps. By default, an inner step is shown instead, because it has the details. */
const CONTAINERS = new Set(['parallel', 'sequence', 'choose', 'repeat']);

const readRun = (id: string) => bodyOf(api.GET('/api/v1/runs/{id}', { params: { path: { id } } }));

/** Shows one run: its steps on a timeline, and the details of the chosen step. */
export function Run() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery({
    queryKey: ['run', id],
    queryFn: () => readRun(id),
  });
  const { steps, complete } = useSteps(id, query.data);
  const shown = useShownStep(query.data?.run, steps, complete);
  return (
    <Loaded query={query} title="Run" list={['/runs', 'All runs']}>
      {({ run, artifacts }) => (
        <Page title={run.automationName} sub={<Facts run={run} />} aside={<Actions run={run} />}>
          {run.error !== null && <Problem error={new Error(String(run.error['message'] ?? run.error['code']))} />}
          {typeof run.error?.['code'] === 'string' && <SameError code={run.error['code']} />}
          {run.stuck !== null && <Problem error={new Error(run.stuck)} />}
          {run.endedBy !== null && <EndedBy endedBy={run.endedBy} />}
          <div className="run-grid">
            <Panel
              title={`Steps (${steps.length.toLocaleString('en-US')}${complete ? '' : ', still loading'})`}
              aside={<ViewSwitch />}
            >
              {steps.length === 0 ? <Empty>No step has started.</Empty> : <Steps {...{ run, steps, shown }} />}
            </Panel>
            <StepPanel run={run} step={shown} artifacts={artifacts} retry={<RetryFromHere run={run} step={shown} />} />
            <RunCauses key={run.id} run={run} />
          </div>
        </Page>
      )}
    </Loaded>
  );
}

function Facts({ run }: { run: RunData }) {
  return (
    <>
      <Status value={run.status} />
      {run.startedAt === null ? (
        <span>{run.finishedAt === null ? 'not started yet' : 'never started'}</span>
      ) : (
        <>
          <span>
            started <Time at={run.startedAt} />
          </span>
          <span>
            {run.finishedAt === null ? 'open for' : 'took'} <Duration from={run.startedAt} to={run.finishedAt} />
          </span>
        </>
      )}
      <Link to="/automations/$id" params={{ id: run.automationId }} search={{}}>
        Automation
      </Link>
      <span>{runEvent(run) ?? 'started manually'}</span>
      {run.contextKey !== null && <CopyId id={run.contextKey} short={40} name={run.contextName} />}
      <span>version {run.version}</span>
      <CopyId id={run.id} />
      {run.causedBy !== null && <RunLink label="caused by" id={run.causedBy} />}
      {run.parentRunId !== null && <RunLink label="retry of" id={run.parentRunId} />}
      {run.retriedBy.map(({ id }) => (
        <RunLink key={id} label="retried by" id={id} />
      ))}
    </>
  );
}

function SameError({ code }: { code: string }) {
  return (
    <p className="hint same-error">
      Error <code>{code}</code>:{' '}
      <Link to="/runs" search={{ errorCode: code }}>
        all runs with this error
      </Link>
    </p>
  );
}

function RunLink({ label, id }: { label: string; id: string }) {
  return (
    <span>
      {label}{' '}
      <Link to="/runs/$id" params={{ id }} search={{}}>
        {shortId(id)}
      </Link>
    </span>
  );
}

function useRetry(run: RunData) {
  const navigate = useNavigateWhileShown();
  return useMutation({
    mutationFn: async (from: 'start' | 'failure') => {
      const answer: unknown = await bodyOf(
        api.POST('/api/v1/runs/{id}/retry', { params: { path: { id: run.id } }, body: { from } }),
      );
      return answer as { runId: string };
    },
    onSuccess: ({ runId }) => {
      void queryClient.invalidateQueries({ queryKey: ['run', run.id] });
      return navigate({ to: '/runs/$id', params: { id: runId }, search: {} });
    },
  });
}

/**
 * A retry button, shown at the step that made the run fail. The retry starts at this step and does not repeat the steps
 * that succeeded.
 */
function RetryFromHere({ run, step }: { run: RunData; step: Step | undefined }) {
  const may = useMay('manage');
  const retry = useRetry(run);
  if (run.status !== 'failed' || step === undefined || run.error?.['path'] !== step.path) return null;
  return (
    <div className="row-actions">
      <button
        type="button"
        className="small"
        disabled={!may || retry.isPending}
        onClick={() => retry.mutate('failure')}
      >
        <RotateCcw size={14} aria-hidden /> Retry from here
      </button>
      {retry.error !== null && <Problem error={retry.error} />}
    </div>
  );
}

function Actions({ run }: { run: RunData }) {
  const may = useMay('manage');
  const retry = useRetry(run);
  const open = ['pending', 'running', 'waiting'].includes(run.status);
  return (
    <>
      {run.status === 'failed' && (
        <>
          <button type="button" disabled={!may || retry.isPending} onClick={() => retry.mutate('failure')}>
            <RotateCcw size={14} aria-hidden /> Retry from the failed step (version {run.version})
          </button>
          <button type="button" disabled={!may || retry.isPending} onClick={() => retry.mutate('start')}>
            <RotateCcw size={14} aria-hidden /> Retry from the start (version {run.version})
          </button>
        </>
      )}
      {open && <CancelRun run={run} />}
      {run.webUiUrl !== null && (
        <a className="button" href={run.webUiUrl} target="_blank" rel="noreferrer">
          <ExternalLink size={14} aria-hidden /> Temporal
        </a>
      )}
      {retry.error !== null && <Problem error={retry.error} />}
    </>
  );
}

function useChosen(): string | undefined {
  const [search] = useSearchParams();
  return search['step'];
}

function Steps({ run, steps, shown }: { run: RunData; steps: readonly Step[]; shown: Step | undefined }) {
  const [, set] = useSearchParams();
  const isGraph = useGraphView();
  const choose = (step: string) => set({ step });
  if (isGraph) return <RunGraph {...{ run, steps }} chosen={shown?.path} onChoose={choose} />;
  return <StepList steps={steps} finishedAt={run.finishedAt} chosen={shown?.path} onChoose={choose} />;
}

/** Shows why a run ended before its last step. */
function EndedBy({ endedBy }: { endedBy: Record<string, unknown> }) {
  const { kind, reason, runId } = endedBy;
  return (
    <div className="banner">
      Ended early: {String(reason ?? kind).replaceAll('_', ' ')}
      {typeof runId === 'string' && <RunLink label="see run" id={runId} />}
    </div>
  );
}

/**
 * Returns the step to show: the step in the address, otherwise the last failed step, otherwise the last waiting step.
 * If there is none of these, the run has ended and the address names no step, returns the last step. Steps that contain
 * other steps are returned only if the address names them. Until all steps have been read, only the step in the address
 * is returned.
 */
function useShownStep(run: RunData | undefined, steps: readonly Step[], complete: boolean): Step | undefined {
  const chosen = useChosen();
  const isFinished = run != null && run.finishedAt !== null;
  return useMemo(() => {
    const found = steps.find(({ path }) => path === chosen);
    if (found !== undefined || !complete) return found;
    const last = (...statuses: Step['status'][]) =>
      steps.findLast(
        ({ status, kind }) => (statuses.length === 0 || statuses.includes(status)) && !CONTAINERS.has(kind),
      );
    return last('failed') ?? last('waiting') ?? (chosen === undefined && isFinished ? last() : undefined);
  }, [steps, chosen, isFinished, complete]);
}
