import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client';
import { Diff } from '../../ui/diff';
import { Loaded, Panel } from '../../ui/page';
import { automationQuery, type Automation } from '../automations/automation-api';

interface ConflictProps {
  /** The automation as it was when the edited text was read. */
  automation: Automation;
  /**
   * Continues editing on top of the current version, which has the given ETag. The next save then replaces that
   * version.
   */
  onOverwrite(etag: string): void;
  onReload(): void;
}

/**
 * Shows the changes that somebody else has saved in the meantime. The user can discard the edited text or replace the
 * saved version.
 */
export function Conflict({ automation, onOverwrite, onReload }: ConflictProps) {
  const { id, version } = automation;
  const current = useQuery({ ...automationQuery(id), staleTime: 0, refetchOnMount: 'always' });
  const newest = current.data?.automation.version;
  const diff = useQuery({
    queryKey: ['automation', id, 'diff', version, newest],
    enabled: newest !== undefined,
    queryFn: () =>
      bodyOf(
        api.GET('/api/v1/automations/{id}/versions/{version}/diff', {
          params: { path: { id, version: String(version) }, query: { to: String(newest) } },
        }),
      ),
  });
  return (
    <Panel title="Somebody else has changed this automation">
      <div className="detail">
        <p role="alert">
          Your text is based on version {version} and was not saved. Changes made since then
          {newest === undefined ? '' : `, up to version ${newest}`}:
        </p>
        <Loaded query={diff}>{({ unified }) => <Diff unified={unified} equal="Only the status was changed." />}</Loaded>
        <div className="chips">
          <button type="button" onClick={onReload}>
            Discard my changes and load theirs
          </button>
          <button
            type="button"
            disabled={current.data === undefined}
            onClick={() => current.data !== undefined && onOverwrite(current.data.etag)}
          >
            Keep editing and replace theirs on the next save
          </button>
        </div>
      </div>
    </Panel>
  );
}
