import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { runEvent } from '../lib/change-name';
import { ChangeLink } from '../ui/change-link';
import { shortId } from '../ui/copy';
import { Loaded, Panel } from '../ui/page';
import { Status } from '../ui/status';
import { SourceLinks } from '../ui/source-links';
import { Time } from '../ui/time';
import { StartedBy } from './run-started-by';

type RunData = components['schemas']['Run'];
type Causes = components['schemas']['RunCauses'];
type Below = Causes['down'][number];

/**
 * Interval in milliseconds at which causes are read again. Reading continues for a minute after the end of the run,
 * because the last changes that the run wrote are routed with a delay.
 */
const REFRESH_MS = 10_000;
const SETTLED_MS = 60_000;

/**
 * Shows the causal chain that led to a run, starting with the first change. Also shows the changes and runs that its
 * steps caused, and its retries.
 */
export function RunCauses({ run }: { run: RunData }) {
  const { id, finishedAt } = run;
  const isSettled = finishedAt !== null && Date.now() - Date.parse(finishedAt) > SETTLED_MS;
  const query = useQuery({
    queryKey: ['causes', id],
    queryFn: () => bodyOf(api.GET('/api/v1/runs/{id}/causes', { params: { path: { id } } })),
    refetchInterval: isSettled ? false : REFRESH_MS,
  });
  return (
    <div className="run-causes">
      <Panel title="What led to it">
        <div className="detail">
          <Loaded query={query}>
            {({ up }) => {
              const changeId = up.find(({ runId }) => runId === id)?.changeId ?? null;
              return (
                <>
                  <Above up={up} run={run} />
                  {changeId !== null && <StartedBy run={run} changeId={changeId} />}
                </>
              );
            }}
          </Loaded>
        </div>
      </Panel>
      <Panel title="What it caused">
        <div className="detail">
          <Loaded query={query}>{(causes) => <CausedBy run={run} causes={causes} />}</Loaded>
        </div>
      </Panel>
    </div>
  );
}

function Above({ up, run }: { up: Causes['up']; run: RunData }) {
  return (
    <ol className="cause-chain">
      {up.toReversed().map((cause) => (
        <li key={cause.runId}>
          <SourceLinks from={cause.from} />
          <span className="cause-change">
            {cause.changeId === null ? (
              <span>{unnamedStart(cause, run)}</span>
            ) : (
              <ChangeLink change={{ ...cause, changeId: cause.changeId }} />
            )}
          </span>
          <span aria-label="started">→</span>
          {cause.runId === run.id ? (
            <strong>this run</strong>
          ) : (
            <RunLink id={cause.runId} name={cause.automationName} />
          )}
        </li>
      ))}
    </ol>
  );
}

/** Returns text that describes what started a run for which no change is recorded. */
function unnamedStart({ runId, automationId }: Causes['up'][number], run: RunData): string {
  if (automationId === null) return 'no longer kept';
  return (runId === run.id ? runEvent(run) : null) ?? 'manually';
}

function CausedBy({ run, causes: { down, more, keptSince, retries } }: { run: RunData; causes: Causes }) {
  const known = new Set(down.flatMap(({ runs }) => runs.map(({ id }) => id)));
  // Runs in between may have been deleted. The changes that they wrote become separate roots.
  const roots = down.filter(({ runId }) => runId === run.id || !known.has(runId));
  const isKept = run.startedAt === null || run.startedAt > keptSince;
  return (
    <>
      {roots.length === 0 && isKept && (
        <p className="faint">The steps of this run have not changed anything or sent any events.</p>
      )}
      {roots.length > 0 && <Changes of={roots} down={down} />}
      {more && <p className="faint">Only the nearest {down.length} changes are shown.</p>}
      {!isKept && (
        <p className="faint">
          Effects before <Time at={keptSince} /> are no longer kept.
        </p>
      )}
      {retries.length > 0 && (
        <>
          <h3>Retries</h3>
          <ul className="plain-list">
            {retries.map((retry) => (
              <li key={retry.id} className="cause-run">
                <RunLink id={retry.id} name={shortId(retry.id)} />
                <Status value={retry.status} />
                <Time at={retry.startedAt} />
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Changes({ of, down }: { of: readonly Below[]; down: readonly Below[] }) {
  return (
    <ul className="cause-tree">
      {of.map((link) => (
        <li key={link.changeId}>
          <span className="cause-change">
            {link.changeId !== null && <ChangeLink change={{ ...link, changeId: link.changeId }} />}
          </span>
          {link.runs.length > 0 && (
            <ul className="cause-tree">
              {link.runs.map(({ id, automationName, status }) => {
                const wrote = down.filter(({ runId }) => runId === id);
                return (
                  <li key={id}>
                    <span className="cause-run">
                      <span aria-label="started">→</span>
                      <RunLink id={id} name={automationName} />
                      <Status value={status} />
                    </span>
                    {wrote.length > 0 && <Changes of={wrote} down={down} />}
                  </li>
                );
              })}
            </ul>
          )}
        </li>
      ))}
    </ul>
  );
}

function RunLink({ id, name }: { id: string; name: string | null }) {
  return (
    <Link to="/runs/$id" params={{ id }} search={{}}>
      {name ?? shortId(id)}
    </Link>
  );
}
