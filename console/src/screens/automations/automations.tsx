import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { GitBranch, Plus, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { useSearchParams } from '../../lib/search';
import { OutcomeBars } from '../../ui/bars';
import { Chips } from '../../ui/chips';
import { NoMatch } from '../../ui/no-match';
import { Empty, Loaded, Page, Problem } from '../../ui/page';
import { SearchBox } from '../../ui/search-box';
import { Switch } from '../../ui/switch';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';
import { automationsQuery, refreshAutomation, setStatus, statsQuery, type Automation } from './automation-api';

type RunStats = components['schemas']['RunStats'];

/** Lists automations by group, each with its open runs and the outcomes of the runs that ended in the last 24 hours. */
export function Automations() {
  const [search, set] = useSearchParams();
  const may = useMay('manage');
  const { q, status, managedBy, uses } = search;
  const filters = Object.fromEntries(
    Object.entries({ q, status, managedBy, uses }).filter(([, value]) => value !== undefined),
  );
  // While a search is being typed, the previous result remains visible until the next one has arrived.
  const query = useQuery({ ...automationsQuery(filters), placeholderData: keepPreviousData });
  const create = (
    <Link to="/automations/new" search={{}} className="button primary">
      <Plus size={14} aria-hidden /> New automation
    </Link>
  );
  return (
    <Page title="Automations" aside={may ? create : undefined}>
      <div className="filters">
        <SearchBox label="Search automations" placeholder="Part of name or description" />
        <Chips label="Status" name="status" values={['enabled', 'disabled']} />
        {uses !== undefined && (
          <button type="button" title="Remove this filter" onClick={() => set({ uses: undefined })}>
            uses {uses.replace(/^script:\*$/, 'a script').replace(':', ' ')} <X size={12} aria-hidden />
          </button>
        )}
      </div>
      <Loaded query={query}>
        {({ items, isWhole }) => (
          <>
            {items.length === 0 && <Nothing filtered={Object.keys(filters).length > 0} />}
            {!isWhole && <p className="hint">Only the first {items.length} are shown. Search to find the others.</p>}
            <Groups automations={items} />
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  return (
    <div className="panel">
      <Empty>
        {filtered ? (
          <NoMatch what="automation" />
        ) : (
          <>
            No automations yet. An automation runs steps when an event occurs.{' '}
            <Link to="/automations/new" search={{}}>
              Create one
            </Link>
            , or apply a folder with <code>fermata apply</code>.
          </>
        )}
      </Empty>
    </div>
  );
}

function Groups({ automations }: { automations: readonly Automation[] }) {
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const names = [...new Set(automations.map(({ group }) => group ?? ''))].sort(byName);
  const choose = (ids: readonly string[], on: boolean) =>
    setChosen((before) => new Set([...before].filter((id) => !ids.includes(id)).concat(on ? ids : [])));
  const selected = automations.filter(({ id }) => chosen.has(id));
  return (
    <>
      <Selection automations={selected} onDone={() => setChosen(new Set())} />
      {names.map((name) => {
        const rows = automations.filter(({ group }) => (group ?? '') === name);
        const title = name === '' ? 'Ungrouped' : name;
        return (
          <section key={name} className="automations" aria-label={title}>
            {(names.length > 1 || name !== '') && (
              <h2 className="group-head">
                {title} <span className="faint num">{rows.length}</span>
              </h2>
            )}
            <Table
              label={`Automations: ${title}`}
              columns={columnsOf(chosen, choose)}
              rows={rows}
              rowKey={({ id }) => id}
              empty="None."
            />
          </section>
        );
      })}
    </>
  );
}

/** Compares group names alphabetically. Automations without a group come last. */
function byName(a: string, b: string): number {
  if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1;
  return a.localeCompare(b);
}

function columnsOf(
  chosen: ReadonlySet<string>,
  choose: (ids: readonly string[], on: boolean) => void,
): Column<Automation>[] {
  return [
    {
      name: 'Select',
      hidden: true,
      cell: ({ id, name }) => (
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          checked={chosen.has(id)}
          onChange={(event) => choose([id], event.target.checked)}
        />
      ),
    },
    { name: 'On', cell: (automation) => <StatusSwitch automation={automation} /> },
    { name: 'Automation', title: titleOf, cell: (automation) => <Name automation={automation} /> },
    { name: 'Last triggered', cell: ({ lastTriggeredAt }) => <Time at={lastTriggeredAt} /> },
    { name: 'Last 24 hours', cell: ({ id, name }) => <Sparkline id={id} name={name} /> },
    {
      name: 'Managed by',
      title: ({ provenance }) => [provenance?.source, provenance?.path].filter((text) => text != null).join('\n'),
      cell: ({ managedBy, provenance }) =>
        managedBy === 'gitops' ? (
          <>
            <GitBranch className="text-icon" size={14} aria-hidden /> {provenance?.source ?? 'Git'}
          </>
        ) : (
          <span className="faint">API</span>
        ),
    },
    { name: 'Version', numeric: true, cell: ({ version }) => <span className="num">{version}</span> },
  ];
}

/** Returns the full texts of the name cell, each on its line. */
const titleOf = ({ name, description }: Automation): string =>
  description === null ? name : `${name}\n${description}`;

function Name({ automation }: { automation: Automation }) {
  return (
    <>
      <Link to="/automations/$id" params={{ id: automation.id }} search={{}}>
        {automation.name}
      </Link>
      {automation.description !== null && <div className="cell-sub">{automation.description}</div>}
    </>
  );
}

/** A switch that enables or disables an automation immediately. */
export function StatusSwitch({ automation }: { automation: Automation }) {
  const may = useMay('manage');
  const { id, name, status } = automation;
  const change = useMutation({
    mutationFn: (on: boolean) => setStatus(id, on),
    onSettled: () => refreshAutomation(id),
  });
  return (
    <span className="status">
      <Switch
        on={change.isPending ? change.variables : status === 'enabled'}
        label={`${status === 'enabled' ? 'Disable' : 'Enable'} ${name}`}
        disabled={!may || change.isPending}
        onChange={(on) => change.mutate(on)}
      />
      {status === 'enabled' ? 'on' : 'off'}
      {change.error !== null && <span className="tone-bad">{change.error.message}</span>}
    </span>
  );
}

/**
 * A chart of the runs that ended in the last 24 hours, with the number of those runs and of the runs that are open now.
 * A list may have 1,000 rows, so each row reads its outcomes only when it is about to become visible.
 */
function Sparkline({ id, name }: { id: string; name: string }) {
  const { ref, isSeen } = useSeen();
  const { data } = useQuery({ ...statsQuery(id), enabled: isSeen });
  const label = `Runs of ${name} that ended in the last 24 hours${data === undefined ? '' : `: ${data.total}`}`;
  return (
    <span className="spark" ref={ref}>
      <OutcomeBars buckets={data?.buckets ?? []} label={label} />
      <span className="cell-sub num">{data === undefined ? '\u00a0' : countsText(data)}</span>
    </span>
  );
}

/** Returns the numbers of ended and open runs, e.g. `12 ended, 1 open`. Open runs are left out if there are none. */
const countsText = ({ total, open }: RunStats): string =>
  `${total.toLocaleString('en-US')} ended${open === 0 ? '' : `, ${open.toLocaleString('en-US')} open`}`;

/** Returns a ref for an element, and whether the element has been visible or within 200 px of the visible area. */
function useSeen() {
  const ref = useRef<HTMLSpanElement>(null);
  const [isSeen, setIsSeen] = useState(false);
  useEffect(() => {
    if (ref.current === null || isSeen) return;
    const observer = new IntersectionObserver((entries) => setIsSeen(entries.some((entry) => entry.isIntersecting)), {
      rootMargin: '200px',
    });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [isSeen]);
  return { ref, isSeen };
}

function Selection({ automations, onDone }: { automations: readonly Automation[]; onDone(): void }) {
  const may = useMay('manage');
  const change = useMutation({
    mutationFn: async (on: boolean) => {
      for (const { id } of automations) await setStatus(id, on);
    },
    onSuccess: onDone,
    onSettled: () => refreshAutomation(),
  });
  if (automations.length === 0) return null;
  return (
    <div className="selection" role="status">
      <span>{automations.length} selected</span>
      <button type="button" disabled={!may || change.isPending} onClick={() => change.mutate(true)}>
        Enable
      </button>
      <button type="button" disabled={!may || change.isPending} onClick={() => change.mutate(false)}>
        Disable
      </button>
      <button type="button" onClick={onDone}>
        Clear
      </button>
      {change.error !== null && <Problem error={change.error} />}
    </div>
  );
}
