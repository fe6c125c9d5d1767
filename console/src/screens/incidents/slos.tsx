import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { useNow } from '../../lib/clock';
import { daysText } from '../../lib/days';
import { Dialog } from '../../ui/dialog';
import { TextField } from '../../ui/field';
import { useSave } from '../../ui/mutation';
import { Page } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { SystemField } from '../systems/system-fields';
import { SystemLink } from '../systems/system-links';
import { Table, type Column } from '../../ui/table';
import { Time } from '../../ui/time';
import { Budget, budgetTimeText } from './budget';

type Slo = components['schemas']['Slo'];

const COLUMNS: readonly Column<Slo>[] = [
  {
    name: 'Objective',
    title: ({ name }) => name,
    cell: ({ id, name }) => (
      <Link to="/slos/$id" params={{ id }} search={{}}>
        {name}
      </Link>
    ),
  },
  {
    name: 'System',
    cell: ({ systemId }) => <SystemLink id={systemId} />,
  },
  {
    name: 'Target',
    cell: ({ target, windowDays }) => <span className="num">{`${target} % in ${daysText(windowDays)}`}</span>,
  },
  {
    name: 'Error budget left',
    cell: (slo) => (
      <>
        <Budget slo={slo} />
        <div className="cell-sub num">
          {budgetTimeText(slo)}
          <AsOf at={slo.computedAt} />
        </div>
      </>
    ),
  },
  {
    name: 'Streak',
    cell: ({ currentStreak, bestStreak }) => (
      <span className="num">{`${daysText(currentStreak)}, best ${daysText(bestStreak)}`}</span>
    ),
  },
];

/** Says when a value was computed if that is more than a minute ago. */
function AsOf({ at }: { at: string }) {
  const isRecent = useNow() - Date.parse(at) <= 60_000;
  return isRecent ? null : (
    <>
      , as of <Time at={at} />
    </>
  );
}

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
          <Table
            label="Objectives"
            columns={COLUMNS}
            rows={items}
            rowKey={({ id }) => id}
            empty="No objectives yet. An objective is the share of time in which a system is to be healthy."
          />
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
