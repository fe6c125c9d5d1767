import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ask } from '../api/client';
import type { components } from '../api/schema';
import { CopyId } from '../ui/copy';
import { Empty, Loaded, Page } from '../ui/page';
import { Status } from '../ui/status';
import { Duration, Time } from '../ui/time';

type Run = components['schemas']['Run'];
type Search = Record<string, string | undefined>;
const STATUSES = ['running', 'waiting', 'pending', 'failed', 'success', 'cancelled'] as const;

/** Runs under the filters of the address, newest first, live. */
export function Runs() {
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const chosen = (search['status'] ?? '').split(',').filter((status) => status !== '');
  const set = (changes: Search) => {
    const next = Object.entries({ ...search, ...changes }).filter(([, value]) => value !== undefined && value !== '');
    void navigate({ to: '/runs', search: Object.fromEntries(next), replace: true });
  };
  const query = useInfiniteQuery({
    queryKey: ['runs', search],
    placeholderData: keepPreviousData,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      ask(
        api.GET('/api/v1/runs', {
          params: { query: { ...search, counts: 'true', limit: 50, cursor: pageParam } as never },
        }),
      ),
    getNextPageParam: (page) => page.nextCursor ?? undefined,
  });
  const counts = query.data?.pages[0]?.counts;
  const toggle = (status: string) => {
    const next = chosen.includes(status) ? chosen.filter((each) => each !== status) : [...chosen, status];
    set({ status: next.join(',') });
  };
  return (
    <Page title="Runs">
      <div className="filters">
        <SearchBox key={search['q'] ?? ''} value={search['q'] ?? ''} onSearch={(q) => set({ q })} />
        <div className="chips" role="group" aria-label="Status">
          {STATUSES.map((status) => (
            <button key={status} type="button" aria-pressed={chosen.includes(status)} onClick={() => toggle(status)}>
              <Status value={status} /> <span className="num faint">{counts?.[status] ?? '–'}</span>
            </button>
          ))}
        </div>
      </div>
      <Loaded query={query}>
        {({ pages }) => (
          <>
            <RunTable runs={pages.flatMap(({ items }) => items)} filtered={Object.keys(search).length > 0} />
            {query.hasNextPage && (
              <div className="more">
                <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                  Show more
                </button>
              </div>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function SearchBox({ value, onSearch }: { value: string; onSearch(text: string): void }) {
  const [text, setText] = useState(value);
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        onSearch(text.trim());
      }}
    >
      <input
        type="search"
        aria-label="Search runs"
        placeholder="Automation, context key, event or id"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
    </form>
  );
}

function RunTable({ runs, filtered }: { runs: readonly Run[]; filtered: boolean }) {
  if (runs.length === 0) {
    const text = filtered
      ? 'No run matches these filters.'
      : 'No runs yet. A run appears here when an event starts one.';
    return (
      <div className="panel">
        <Empty>{text}</Empty>
      </div>
    );
  }
  return (
    <div className="table-wrap" tabIndex={0} role="region" aria-label="Runs">
      <table>
        <thead>
          <tr>
            {['Status', 'Automation', 'Context', 'Event', 'Started', 'Duration', 'Run'].map((name) => (
              <th key={name}>{name}</th>
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
              <td title={run.contextKey ?? ''}>{run.contextKey ?? <span className="faint">–</span>}</td>
              <td title={run.triggerEvent ?? ''}>{run.triggerEvent ?? <span className="faint">manual</span>}</td>
              <td>
                <Time at={run.startedAt} />
              </td>
              <td>
                <Duration from={run.startedAt} to={run.finishedAt} />
              </td>
              <td>
                <CopyId id={run.id} short={13} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
