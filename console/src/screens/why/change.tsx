import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { changeName } from '../../lib/change-name';
import { PartValues } from '../../ui/conditions';
import { CopyId, shortId } from '../../ui/copy';
import { ChangeLink } from '../../ui/change-link';
import { Countdown } from '../../ui/countdown';
import { EntityName } from '../../ui/entity-name';
import { HeldParts } from '../../ui/held-parts';
import { Json } from '../../ui/json';
import { Empty, Loaded, Page, Panel, Problem } from '../../ui/page';
import { SourceLinks } from '../../ui/source-links';
import { Status } from '../../ui/status';
import { Time } from '../../ui/time';
import { meaningOf } from '../automations/evaluations';
import { DwellTimes, windowText } from '../run-started-by';

type Detail = components['schemas']['ChangeDetail'];
type Candidate = components['schemas']['Candidate'];

/** Screens for entities that have one, by kind. */
const SCREEN_OF: Readonly<Record<string, string>> = {
  alert: '/alerts/$id',
  incident: '/incidents/$id',
  maintenance: '/maintenances/$id',
  health: '/systems/$id',
  'catalog-system': '/systems/$id',
  dependency: '/systems/$id',
  slo: '/slos/$id',
};

/**
 * Interval in milliseconds at which a change is read again while it has not been routed or one of its dwells is armed.
 */
const REFRESH_MS = 5_000;

/** Statuses to show for outcomes. All other outcomes are shown as refused. */
const STATUS_OF: Readonly<Record<string, string>> = {
  started: 'started',
  dwell_armed: 'waiting',
};

/** Shows one change: who sent it, what each automation did with it and why, and what led to it. */
export function ChangeScreen() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery({
    queryKey: ['changes', id],
    queryFn: () => bodyOf(api.GET('/api/v1/changes/{id}', { params: { path: { id } } })),
    refetchInterval: ({ state: { data } }) => (data !== undefined && isOpen(data) ? REFRESH_MS : false),
  });
  return (
    <Loaded query={query} title="Change" list={['/why', 'All changes']}>
      {(detail) => {
        const { change } = detail;
        return (
          <Page title={changeName(change) ?? change.kind} sub={<Facts detail={detail} />}>
            <div className="two-columns">
              <div>
                <Candidates detail={detail} />
                <Waits detail={detail} />
              </div>
              <div>
                <Causes detail={detail} />
                <Panel title="What changed">
                  <div className="detail">
                    {change.changedFields.length > 0 && <p className="faint">{change.changedFields.join(', ')}</p>}
                    {change.payload !== null && <Json value={change.payload} />}
                    {change.prev !== null && (
                      <>
                        <h3>Before</h3>
                        <Json value={change.prev} />
                      </>
                    )}
                    {change.payload === null && (
                      <>
                        <h3>After</h3>
                        <Json value={change.next} empty="Removed." />
                      </>
                    )}
                  </div>
                </Panel>
              </div>
            </div>
          </Page>
        );
      }}
    </Loaded>
  );
}

/** Returns whether the outcome of a change for some automation is still open. */
const isOpen = ({ change, candidates }: Detail): boolean =>
  (change.routedAt === null && change.failedAt === null) ||
  candidates?.some(({ outcome }) => outcome === 'dwell_armed') === true;

function Facts({ detail: { change, sender } }: { detail: Detail }) {
  return (
    <>
      <Time at={change.occurredAt} />
      <span>
        {change.kind} <Entity change={change} />
      </span>
      {change.contextKey !== null && change.contextKey !== change.id && (
        <span>
          context <CopyId id={change.contextKey} short={40} name={change.contextName} />
        </span>
      )}
      <span>
        from {sender.type} {sender.name}
      </span>
      {change.failure !== null && <Status value="failed" label={`not routed: ${change.failure}`} />}
      {change.routedAt === null && change.failure === null && <Status value="pending" label="not routed yet" />}
      <CopyId id={change.changeId} />
    </>
  );
}

/**
 * A link to the screen of the entity that changed. An event's entity may have no screen and is then shown without a
 * link.
 */
function Entity({ change: { kind, id, name, event } }: { change: Detail['change'] }) {
  const text = <EntityName id={id} name={name} />;
  if (Object.hasOwn(SCREEN_OF, kind))
    return (
      <Link to={SCREEN_OF[kind] as '/alerts/$id'} params={{ id }} search={{}}>
        {text}
      </Link>
    );
  if (event !== null) return text;
  return (
    <Link to="/entities/$kind/$id" params={{ kind, id }} search={{}}>
      {text}
    </Link>
  );
}

function Candidates({ detail: { candidates, change } }: { detail: Detail }) {
  if (candidates === null)
    return (
      <Panel title="Automations">
        <Empty>The outcomes of this change are no longer kept.</Empty>
      </Panel>
    );
  return (
    <Panel title={`Automations (${candidates.length})`}>
      {candidates.length === 0 && <Empty>No automation listens to this event.</Empty>}
      <ul className="plain">
        {candidates.map((candidate) => (
          <li key={`${candidate.automationId}:${candidate.triggerId}`}>
            <CandidateText candidate={candidate} />
            <Today candidate={candidate} changeId={change.changeId} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function CandidateText({ candidate }: { candidate: Candidate }) {
  const { automationId, automationName, triggerId, version, outcome } = candidate;
  const { detail, deciding, note, runId, dwell, window } = candidate;
  const isDwelling = outcome === 'dwell_armed';
  return (
    <>
      <div className="candidate-head">
        <Link to="/automations/$id" params={{ id: automationId }} search={{}}>
          {automationName}
        </Link>
        <span className="cell-sub">
          {triggerId} · version {version}
        </span>
        <span className="candidate-outcome">
          <Status value={STATUS_OF[outcome] ?? 'refused'} label={meaningOf(outcome)} />
        </span>
      </div>
      <HeldParts candidate={candidate} />
      {deciding !== undefined && <PartValues part={deciding} />}
      {detail !== null && deciding === undefined && !isDwelling && <div className="cell-sub">{detail}</div>}
      {note !== undefined && <div className="cell-sub">{note}</div>}
      {window !== undefined && <div>{windowText(candidate)}</div>}
      {dwell !== undefined && isDwelling && (
        <div>
          must keep holding, fires <Countdown until={dwell.firesAt} />
        </div>
      )}
      {dwell !== undefined && outcome === 'started' && (
        <div>
          held <DwellTimes dwell={dwell} />
        </div>
      )}
      {runId !== undefined && (
        <div>
          <Link to="/runs/$id" params={{ id: runId }} search={{}}>
            Open the run
          </Link>
        </div>
      )}
    </>
  );
}

/** A button that shows what the current definition of the automation would do with this change. */
function Today({ candidate: { automationId }, changeId }: { candidate: Candidate; changeId: string }) {
  const explain = useMutation({
    mutationFn: () =>
      bodyOf(
        api.GET('/api/v1/automations/{id}/explain', {
          params: { path: { id: automationId }, query: { change: changeId } },
        }),
      ),
  });
  return (
    <div className="row-actions">
      <button type="button" className="small" disabled={explain.isPending} onClick={() => explain.mutate()}>
        What would it do today?
      </button>
      {explain.error !== null && <Problem error={explain.error} />}
      {explain.data !== undefined && (
        <Status
          value={explain.data.now.outcome === 'would_run' ? 'started' : 'refused'}
          label={explain.data.now.outcome === 'would_run' ? 'It would run' : meaningOf(explain.data.now.outcome)}
        />
      )}
      {explain.data?.now.gates
        .filter(({ passed }) => passed === false)
        .map(({ gate, detail, deciding }) => (
          <div key={gate}>
            {gate}: {deciding === undefined ? detail : <PartValues part={deciding} />}
          </div>
        ))}
    </div>
  );
}

function Waits({ detail: { waits } }: { detail: Detail }) {
  if (waits.length === 0) return null;
  return (
    <Panel title="Waits that evaluated this change">
      <ul className="plain">
        {waits.map(({ runId, path, woken }) => (
          <li key={`${runId}:${path}`}>
            <Status value={woken ? 'success' : 'waiting'} label={woken ? 'woken' : 'still waiting'} />{' '}
            <Link to="/runs/$id" params={{ id: runId }} search={{ step: path }}>
              {path}
            </Link>{' '}
            of run <code title={runId}>{shortId(runId)}</code>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Causes({ detail: { causes } }: { detail: Detail }) {
  const { from, to, up, down } = causes;
  return (
    <>
      {(from.length > 0 || up.length > 0) && (
        <Panel title="What led to it">
          <ul className="plain">
            {from.map((ref) => (
              <li key={ref.changeId}>
                <span className="cause-run">
                  <SourceLinks from={ref.from} />
                  <span className="cause-change">
                    <ChangeLink change={ref} />
                  </span>
                </span>
              </li>
            ))}
            {up.map((cause) => (
              <RunOfCause key={cause.runId} cause={cause} />
            ))}
          </ul>
        </Panel>
      )}
      {(to.length > 0 || down.length > 0) && (
        <Panel title="What it led to">
          <ul className="plain">
            {to.map(({ runs, ...ref }) => (
              <li key={ref.changeId}>
                <ChangeLink change={ref} />
                {runs.map((run) => (
                  <span key={run.id}>
                    {' → '}
                    <RunLink id={run.id} name={run.automationName} />
                  </span>
                ))}
              </li>
            ))}
            {down.map((cause) => (
              <RunOfCause key={`${cause.runId}:${cause.changeId ?? ''}`} cause={cause} />
            ))}
          </ul>
        </Panel>
      )}
    </>
  );
}

/**
 * Shows a run in the causal chain of a change. In the chain above the change, the run is shown with the change that
 * started it. In the chain below, it is shown with a change that it wrote. Also shows the changes from which that
 * change was derived.
 */
function RunOfCause({ cause }: { cause: Detail['causes']['up'][number] }) {
  const { runId, automationName, changeId, from } = cause;
  return (
    <li>
      <RunLink id={runId} name={automationName} />
      {changeId !== null && (
        <>
          {' → '}
          <ChangeLink change={{ ...cause, changeId }} />
        </>
      )}
      {[...from, ...from.flatMap((ref) => ref.from)].map((ref) => (
        <span key={ref.changeId} className="cell-sub">
          {' from '}
          <ChangeLink change={ref} />
        </span>
      ))}
    </li>
  );
}

const RunLink = ({ id, name }: { id: string; name: string | null }) => (
  <Link to="/runs/$id" params={{ id }} search={{}}>
    {name ?? shortId(id)}
  </Link>
);
