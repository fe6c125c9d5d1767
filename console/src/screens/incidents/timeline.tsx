import { useState } from 'react';
import { isRecord } from '../../lib/records';
import { AreaField } from '../../ui/field';
import { useSave } from '../../ui/mutation';
import { Panel, Problem } from '../../ui/page';
import { Pages, type PagesQuery } from '../../ui/pages';
import { Status } from '../../ui/status';
import { Time } from '../../ui/time';

interface Update {
  id: string;
  message: string;
  at: string;
  actor: unknown;
  statusChange?: string | null;
}

interface TimelineProps {
  /** The query for pages of updates, newest first. */
  query: PagesQuery<Update>;
  may: boolean;
  /** Names of the lists to read again after an update was added. */
  refresh: readonly string[];
  /** Sends a new update to the API. */
  post(message: string): Promise<unknown>;
}

/** Lists the updates of an incident or maintenance, with a form to add one. */
export function Timeline({ query, ...form }: TimelineProps) {
  return <Pages query={query}>{(updates) => <Updates updates={updates} {...form} />}</Pages>;
}

function Updates({ updates, may, refresh, post }: Omit<TimelineProps, 'query'> & { updates: readonly Update[] }) {
  const [message, setMessage] = useState('');
  const add = useSave(
    refresh,
    () => post(message),
    () => setMessage(''),
  );
  return (
    <Panel title="Updates">
      {may && (
        <form
          className="detail"
          onSubmit={(event) => {
            event.preventDefault();
            add.mutate();
          }}
        >
          <AreaField label="New update" value={message} onChange={setMessage} rows={2} required />
          {add.error !== null && <Problem error={add.error} />}
          <button type="submit" disabled={add.isPending || message.trim() === ''}>
            Add update
          </button>
        </form>
      )}
      {updates.length === 0 && <p className="pad faint">No updates yet.</p>}
      <ol className="plain" aria-label="Updates">
        {updates.map(({ id, message: text, at, actor, statusChange }) => (
          <li key={id}>
            {statusChange != null && <Status value={statusChange} />} <span className="pre">{text}</span>
            <div className="cell-sub">
              <Time at={at} /> by {nameOf(actor)}
            </div>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

/** Returns the name of the author of an update, or `somebody` if it is unknown. */
export function nameOf(actor: unknown): string {
  if (!isRecord(actor)) return 'somebody';
  return String(actor['name'] ?? actor['id'] ?? actor['type'] ?? 'somebody');
}
