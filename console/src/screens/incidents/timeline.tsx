import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { isRecord } from '../../lib/records';
import { AreaField } from '../../ui/field';
import { Panel, Problem } from '../../ui/page';
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
  updates: readonly Update[];
  may: boolean;
  onAdd(message: string): Promise<unknown>;
}

/** Updates as they were written, newest first, and a field for the next one. */
export function Timeline({ updates, may, onAdd }: TimelineProps) {
  const [message, setMessage] = useState('');
  const add = useMutation({ mutationFn: () => onAdd(message), onSuccess: () => setMessage('') });
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

/** The author of an update, as far as known. */
export function nameOf(actor: unknown): string {
  if (!isRecord(actor)) return 'somebody';
  return String(actor['name'] ?? actor['id'] ?? actor['type'] ?? 'somebody');
}
