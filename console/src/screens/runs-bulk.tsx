import { useMutation, useQuery } from '@tanstack/react-query';
import { RotateCcw, Square } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { useMay } from '../api/session';
import { countText } from '../lib/run-counts';
import type { Search } from '../lib/search';
import { Dialog } from '../ui/dialog';
import { contextText } from '../ui/entity-name';
import { refreshAll } from '../ui/mutation';
import { Loaded } from '../ui/page';
import { Status } from '../ui/status';
import { Time } from '../ui/time';

type Kind = 'cancel' | 'retry';
/** Statuses of the runs to which each bulk action applies. */
const STATUSES: Readonly<Record<Kind, readonly string[]>> = {
  cancel: ['pending', 'running', 'waiting'],
  retry: ['failed'],
};
/** Filters that the bulk calls accept. They do not accept the free-text search. */
const FILTERS = ['automationId', 'contextKey', 'errorCode', 'from', 'to'] as const;

/**
 * Returns the filter of a bulk call for the current filters of the list. Returns undefined if it would match no run, if
 * no filter is set, or if there is a text search, which bulk calls do not support.
 */
function filterOf(kind: Kind, search: Search): Record<string, string> | undefined {
  if (search['q'] !== undefined) return undefined;
  const chosen = (search['status'] ?? '').split(',').filter((each) => each !== '');
  const statuses = STATUSES[kind].filter((each) => chosen.length === 0 || chosen.includes(each));
  const given = FILTERS.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]] as const]));
  if (statuses.length === 0 || (given.length === 0 && chosen.length === 0)) return undefined;
  return { ...Object.fromEntries(given), status: statuses.join(',') };
}

/** Buttons that cancel or retry all runs that match the current filters, after a preview. */
export function BulkActions({ search }: { search: Search }) {
  const may = useMay('manage');
  const [chosen, setChosen] = useState<Kind>();
  const filter = chosen === undefined ? undefined : filterOf(chosen, search);
  const button = (kind: Kind, Icon: typeof Square, name: string) => {
    const possible = filterOf(kind, search) !== undefined;
    const why =
      search['q'] === undefined
        ? 'Filter by status, automation, context, error or time first.'
        : 'Clear the search first.';
    return (
      <button
        type="button"
        disabled={!may || !possible}
        title={possible ? undefined : why}
        onClick={() => setChosen(kind)}
      >
        <Icon size={14} aria-hidden /> {name}
      </button>
    );
  };
  return (
    <>
      {button('retry', RotateCcw, 'Retry all failed…')}
      {button('cancel', Square, 'Cancel all open…')}
      {chosen !== undefined && filter !== undefined && (
        <Preview kind={chosen} filter={filter} onClose={() => setChosen(undefined)} />
      )}
    </>
  );
}

const PREVIEWED = 8;

/** Shows a run in the preview, with its context, which distinguishes the runs of one automation. */
function PreviewedRun({ run }: { run: components['schemas']['ListedRun'] }) {
  return (
    <li className="line">
      <Status value={run.status} /> {run.automationName}
      {run.contextKey !== null && <span className="cell-sub">{contextText(run)}</span>}
      <span className="line-end">
        <Time at={run.startedAt} />
      </span>
    </li>
  );
}

function Preview({ kind, filter, onClose }: { kind: Kind; filter: Record<string, string>; onClose(): void }) {
  const preview = useQuery({
    queryKey: ['runs', 'preview', filter],
    queryFn: () =>
      bodyOf(api.GET('/api/v1/runs', { params: { query: { ...filter, counts: 'true', limit: PREVIEWED } as never } })),
  });
  const send = useMutation({
    mutationFn: () => {
      const body = { ...filter, status: filter['status']?.split(',') } as never;
      return bodyOf(
        kind === 'cancel' ? api.POST('/api/v1/runs/cancel', { body }) : api.POST('/api/v1/runs/retry', { body }),
      );
    },
    onSuccess: () => refreshAll(['runs', 'now']),
  });
  const chosen = STATUSES[kind].filter((status) => filter['status']?.split(',').includes(status));
  const total = countText(preview.data, chosen) ?? '0';
  const runs = total === '1' ? 'run' : 'runs';
  const verb = kind === 'cancel' ? 'Cancel' : 'Retry';
  const done = send.data;
  return (
    <Dialog
      title={kind === 'cancel' ? 'Cancel open runs' : 'Retry failed runs'}
      submit={`${verb} ${total} ${runs}`}
      dismiss="Back"
      danger={kind === 'cancel'}
      disabled={preview.data === undefined || total === '0' || done !== undefined}
      onClose={onClose}
      form={send}
      wide
    >
      {done === undefined ? (
        <Loaded query={preview}>
          {({ items, nextCursor }) => (
            <>
              <p>
                {total} {total === '1' ? 'run matches' : 'runs match'}
                {kind === 'retry' ? '; each is retried from its failed step.' : '.'}
              </p>
              <ul className="plain">
                {items.map((run) => (
                  <PreviewedRun key={run.id} run={run} />
                ))}
              </ul>
              {nextCursor !== null && <p className="faint">and more</p>}
            </>
          )}
        </Loaded>
      ) : (
        <p role="status">
          {done.done} of {done.matched} {kind === 'cancel' ? 'were cancelled.' : 'were retried.'}
        </p>
      )}
    </Dialog>
  );
}
