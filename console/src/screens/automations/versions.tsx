import { useMutation, useQuery } from '@tanstack/react-query';
import { RotateCcw } from 'lucide-react';
import { useState } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { useMay } from '../../api/session';
import { useSearchParams } from '../../lib/search';
import { Diff } from '../../ui/diff';
import { Dialog } from '../../ui/dialog';
import { Loaded, Panel } from '../../ui/page';
import { page, Pages, usePages } from '../../ui/pages';
import { Time } from '../../ui/time';
import { refreshAutomation, type Tagged } from './automation-api';

type Version = components['schemas']['AutomationVersion'];

/** Lists the versions of the definition, compares one with the current version, and offers a rollback to it. */
export function Versions({ tagged }: { tagged: Tagged }) {
  const { id, version: current } = tagged.automation;
  const [search, set] = useSearchParams();
  const chosen = Number(search['from'] ?? Math.max(1, current - 1));
  const query = usePages(['automation', id, 'versions'], (cursor) =>
    bodyOf(api.GET('/api/v1/automations/{id}/versions', { params: { path: { id }, query: page(cursor) } })),
  );
  return (
    <div className="side-list">
      <Panel title="Versions">
        <Pages query={query}>
          {(versions) => (
            <ul className="picks" aria-label="Versions">
              {versions.map((each) => (
                <li key={each.version}>
                  <button
                    type="button"
                    aria-pressed={each.version === chosen}
                    onClick={() => set({ from: String(each.version) })}
                  >
                    <VersionText version={each} current={current} />
                  </button>
                </li>
              ))}
            </ul>
          )}
        </Pages>
      </Panel>
      <Comparison tagged={tagged} from={chosen} />
    </div>
  );
}

function VersionText({ version, current }: { version: Version; current: number }) {
  return (
    <>
      <strong className="num">Version {version.version}</strong>
      {version.version === current && <span className="tag">current</span>}
      <span className="cell-sub">
        <Time at={version.createdAt} /> by {version.createdBy.name ?? version.createdBy.id}
      </span>
      {version.note !== null && <span className="version-note">{version.note}</span>}
    </>
  );
}

function Comparison({ tagged, from }: { tagged: Tagged; from: number }) {
  const { id, version: current, managedBy } = tagged.automation;
  const may = useMay('manage');
  const [dialogOpen, setDialogOpen] = useState(false);
  const query = useQuery({
    queryKey: ['automation', id, 'diff', from, current],
    queryFn: () =>
      bodyOf(
        api.GET('/api/v1/automations/{id}/versions/{version}/diff', {
          params: { path: { id, version: String(from) }, query: { to: String(current) } },
        }),
      ),
  });
  const rollback = (
    <button type="button" disabled={!may || managedBy === 'gitops'} onClick={() => setDialogOpen(true)}>
      <RotateCcw size={14} aria-hidden /> Roll back to version {from}
    </button>
  );
  const equal =
    current === 1
      ? 'This is the only version. Each change of the definition adds one, which is then compared here.'
      : 'The two versions are identical. Choose another version to compare.';
  const title = from === current ? `Version ${current}` : `From version ${from} to ${current}`;
  return (
    <Panel title={title} aside={from === current ? undefined : rollback}>
      <Loaded query={query}>{({ unified }) => <Diff unified={unified} equal={equal} />}</Loaded>
      {dialogOpen && <Rollback tagged={tagged} to={from} onClose={() => setDialogOpen(false)} />}
    </Panel>
  );
}

function Rollback({ tagged: { automation, etag }, to, onClose }: { tagged: Tagged; to: number; onClose(): void }) {
  const change = useMutation({
    mutationFn: () =>
      bodyOf(
        api.POST('/api/v1/automations/{id}/versions/{version}/rollback', {
          params: { path: { id: automation.id, version: String(to) }, header: { 'If-Match': etag } },
        }),
      ),
    onSuccess: async () => {
      await refreshAutomation(automation.id);
      onClose();
    },
  });
  return (
    <Dialog title={`Roll back to version ${to}?`} submit="Roll back" onClose={onClose} form={change}>
      <p>
        This creates version {automation.version + 1}, identical to version {to}. Runs in progress keep their version.
      </p>
    </Dialog>
  );
}
