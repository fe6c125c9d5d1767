import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { useSave } from '../../ui/mutation';
import { Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { SystemField } from '../systems/system-fields';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';

type Slo = components['schemas']['Slo'];
const LOW = 25;

const COLUMNS: readonly Column<Slo>[] = [
  { name: 'Objective', title: ({ name }) => name, cell: ({ name }) => name },
  {
    name: 'System',
    cell: ({ systemId }) => (
      <Link to="/systems/$id" params={{ id: systemId }} search={{}}>
        {systemId}
      </Link>
    ),
  },
  {
    name: 'Target',
    cell: ({ target, windowDays }) => <span className="num">{`${target} % in ${windowDays} days`}</span>,
  },
  { name: 'Error budget left', cell: (slo) => <Budget slo={slo} /> },
  {
    name: 'Streak',
    cell: ({ currentStreak, bestStreak }) => <span className="num">{`${currentStreak} days, best ${bestStreak}`}</span>,
  },
  { name: 'Burn-down', cell: (slo) => <BurnDown slo={slo} /> },
  { name: 'Computed', cell: ({ computedAt }) => <Time at={computedAt} /> },
];

function Budget({ slo }: { slo: Slo }) {
  const left = slo.budgetRemainingPercent;
  const word = left <= 0 ? 'spent' : left < LOW ? 'low' : 'fine';
  return (
    <span className={`status ${toneOfBudget(left)}`}>
      <svg className="budget" role="img" aria-label={`${left.toFixed(1)} % left`} height="10">
        <rect width={`${Math.max(0, Math.min(100, left))}%`} height="10" />
      </svg>
      <span className="num">{left.toFixed(1)} %</span> {word}
    </span>
  );
}

const CHART = { width: 160, height: 28 };

/**
 * A chart of the remaining error budget since the start of the window. The faint line shows what would remain if the
 * budget were used evenly.
 */
function BurnDown({ slo }: { slo: Slo }) {
  const { data } = useQuery({
    queryKey: ['slos', slo.id, 'burn-down', slo.computedAt],
    queryFn: () => bodyOf(api.GET('/api/v1/slos/{id}/burn-down', { params: { path: { id: slo.id } } })),
  });
  const { width, height } = CHART;
  const points = data?.points ?? [];
  const place = (index: number, percent: number) =>
    `${(index / Math.max(1, points.length - 1)) * width},${1 + (1 - percent / 100) * (height - 2)}`;
  const least = points.reduce((low, { remainingPercent }) => Math.min(low, remainingPercent), 100);
  return (
    <svg
      className={`burn-down ${toneOfBudget(slo.budgetRemainingPercent)}`}
      viewBox={`0 0 ${width} ${height}`}
      {...CHART}
      role="img"
      aria-label={`Error budget of ${slo.name}: ${least.toFixed(1)} % at its lowest`}
    >
      <line className="even" x1="0" y1="1" x2={width} y2={height - 1} />
      <polyline points={points.map(({ remainingPercent }, index) => place(index, remainingPercent)).join(' ')} />
    </svg>
  );
}

const toneOfBudget = (left: number) => (left <= 0 ? 'tone-bad' : left < LOW ? 'tone-warn' : 'tone-good');

/** Lists service level objectives and their remaining error budgets. */
export function Slos() {
  const may = useMay('manage');
  const [dialogOpen, setDialogOpen] = useState(false);
  const query = usePages(['slos'], (cursor) => bodyOf(api.GET('/api/v1/slos', { params: { query: page(cursor) } })));
  return (
    <Page
      title="Service level objectives"
      aside={
        <button type="button" disabled={!may} onClick={() => setDialogOpen(true)}>
          <Plus size={14} aria-hidden /> New objective
        </button>
      }
    >
      <Pages query={query}>
        {(items) => (
          <Table label="Objectives" columns={COLUMNS} rows={items} rowKey={({ id }) => id} empty="No objectives yet." />
        )}
      </Pages>
      {dialogOpen && <NewSlo onClose={() => setDialogOpen(false)} />}
    </Page>
  );
}

function NewSlo({ onClose }: { onClose(): void }) {
  const [name, setName] = useState('');
  const [systemId, setSystemId] = useState('');
  const [target, setTarget] = useState('99.9');
  const [windowDays, setWindowDays] = useState('30');
  const save = useSave(
    ['slos'],
    () =>
      bodyOf(
        api.POST('/api/v1/slos', { body: { name, systemId, target: Number(target), windowDays: Number(windowDays) } }),
      ),
    onClose,
  );
  return (
    <Dialog title="New objective" submit="Create" onClose={onClose} form={save}>
      <TextField label="Name" value={name} onChange={setName} required />
      <SystemField value={systemId} onChange={setSystemId} />
      <TextField label="Target (percent)" value={target} onChange={setTarget} required />
      <TextField label="Window (days)" type="number" value={windowDays} onChange={setWindowDays} required />
    </Dialog>
  );
}
