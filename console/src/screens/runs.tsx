import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { runEvent } from '../lib/change-name';
import { countText } from '../lib/run-counts';
import { useSearchParams, type Search } from '../lib/search';
import { ActiveFilters } from '../ui/active-filters';
import { CopyId } from '../ui/copy';
import { ContextKey } from '../ui/entity-name';
import { NoMatch } from '../ui/no-match';
import { Empty, Page } from '../ui/page';
import { page, Pages, usePages } from '../ui/pages';
import { PeriodFilter } from '../ui/period-filter';
import { SearchBox } from '../ui/search-box';
import { Status } from '../ui/status';
import { Duration, Time } from '../ui/time';
import { automationQuery } from './automations/automation-api';
import { BulkActions } from './runs-bulk';
import { SavedViews } from './saved-views';

type Run = components['schemas']['ListedRun'];
const STATUSES = ['running', 'waiting', 'pending', 'failed', 'success', 'cancelled'] as const;

/** Lists the runs that match the filters in the address, newest first, and updates the list live. */
export function Runs() {
  const [search, set] = useSearchParams();
  const chosen = (search['status'] ?? '').split(',').filter((status) => status !== '');
  const query = usePages(['runs', search], (cursor) =>
    bodyOf(api.GET('/api/v1/runs', { params: { query: { ...search, counts: 'true', ...page(cursor) } as never } })),
  );
  const counted = query.data?.pages[0];
  const texts = useFilterTexts(search, counted?.items);
  const toggle = (status: string) => {
    const next = chosen.includes(status) ? chosen.filter((each) => each !== status) : [...chosen, status];
    set({ status: next.join(',') });
  };
  return (
    <Page title="Runs" aside={<BulkActions search={search} />}>
      <div className="filters">
        <SearchBox label="Search runs" placeholder="Automation, context key, event or id" />
        <div className="chips" role="group" aria-label="Status">
          {STATUSES.map((status) => (
            <button key={status} type="button" aria-pressed={chosen.includes(status)} onClick={() => toggle(status)}>
              <Status value={status} /> <span className="num faint">{countText(counted, [status]) ?? '–'}</span>
            </button>
          ))}
        </div>
        <PeriodFilter />
        <SavedViews search={search} />
      </div>
      {search['q'] !== undefined && (
        <p className="hint filter-hint">
          Context keys and events are searched only in the newest 20,000 runs that match the other filters.
        </p>
      )}
      <ActiveFilters names={FILTERS} texts={texts} />
      <Pages query={query} steadyBy={({ id }) => id}>
        {(items) => <RunTable runs={items} filtered={Object.keys(search).length > 0} />}
      </Pages>
    </Page>
  );
}

/** Returns the names of the automation and the context in the filters; undefined until they are known. */
function useFilterTexts({ automationId, contextKey }: Search, runs: readonly Run[] = []) {
  const { data } = useQuery({ ...automationQuery(automationId ?? ''), enabled: automationId !== undefined });
  const named = runs.find((run) => run.contextKey === contextKey);
  return { automationId: data?.automation.name, contextKey: named?.contextName };
}

/** Explains the order of the list, which may differ from the order of the times shown. */
const ORDER =
  'Runs are listed by the time at which they were created, newest first. A run may start later, e.g. after a wait for another run or for a free slot.';

const FILTERS = { automationId: 'automation', contextKey: 'context', errorCode: 'error' };

function RunTable({ runs, filtered }: { runs: readonly Run[]; filtered: boolean }) {
  if (runs.length === 0) {
    return (
      <div className="panel">
        <Empty>{filtered ? <NoMatch what="run" /> : <NoRuns />}</Empty>
      </div>
    );
  }
  return (
    <div className="table-wrap runs-table" tabIndex={0} role="region" aria-label="Runs">
      <table>
        <thead>
          <tr>
            {['Status', 'Automation', 'Context', 'Event', 'Started', 'Duration', 'Run'].map((name) => (
              <th
                key={name}
                scope="col"
                className={name === 'Duration' ? 'end' : undefined}
                title={name === 'Started' ? ORDER : undefined}
              >
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              <td>
                <Status value={run.status} />
              </td>
              <td title={run.automationName}>
                <Link to="/runs/$id" params={{ id: run.id }} search={{}}>
                  {run.automationName}
                </Link>
              </td>
              <td>
                <ContextKey of={run} short={32} />
              </td>
              <td title={runEvent(run) ?? ''}>{runEvent(run) ?? <span className="faint">manually</span>}</td>
              <td>
                <Time at={run.startedAt} />
              </td>
              <td className="end">
                <Duration from={run.startedAt} to={run.finishedAt} />
              </td>
              <td>
                <CopyId id={run.id} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function NoRuns() {
  return (
    <>
      No runs yet. A run appears here when an event starts an automation, or when you start one with “Run now” on the
      page of an automation.{' '}
      <Link to="/automations" search={{}}>
        Automations
      </Link>
    </>
  );
}
