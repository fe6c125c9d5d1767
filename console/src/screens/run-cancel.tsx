import { useMutation } from '@tanstack/react-query';
import { Square } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../api/client';
import type { components } from '../api/schema';
import { useMay } from '../api/session';
import { shortId } from '../ui/copy';
import { Dialog } from '../ui/dialog';
import { contextText } from '../ui/entity-name';
import { Facts } from '../ui/facts';
import { refreshAll } from '../ui/mutation';
import { Time } from '../ui/time';

type RunData = components['schemas']['ListedRun'];

/** A button that cancels a run after a confirmation. */
export function CancelRun({ run }: { run: RunData }) {
  const may = useMay('manage');
  const [isOpen, setIsOpen] = useState(false);
  return (
    <>
      <button type="button" disabled={!may} onClick={() => setIsOpen(true)}>
        <Square size={14} aria-hidden /> Cancel
      </button>
      {isOpen && <Confirmation run={run} onClose={() => setIsOpen(false)} />}
    </>
  );
}

function Confirmation({ run, onClose }: { run: RunData; onClose(): void }) {
  const cancel = useMutation({
    mutationFn: () => bodyOf(api.POST('/api/v1/runs/{id}/cancel', { params: { path: { id: run.id } } })),
    onSuccess: onClose,
    // The call is refused if the run has ended in between. The page then shows how it ended.
    onSettled: () => refreshAll(['run', 'runs', 'now']),
  });
  return (
    <Dialog
      title={`Cancel this run of “${run.automationName}”?`}
      submit="Cancel the run"
      dismiss="Back"
      danger
      onClose={onClose}
      form={cancel}
    >
      <p>The run performs no further steps. The effects of its earlier steps remain.</p>
      <Facts
        rows={[
          ['Run', shortId(run.id)],
          ['Context', contextText(run)],
          ['Started', run.startedAt === null ? 'not yet' : <Time key="at" at={run.startedAt} />],
        ]}
      />
    </Dialog>
  );
}
