import { useQuery } from '@tanstack/react-query';
import { api, bodyOf } from '../../api/client';
import { Diff } from '../../ui/diff';
import { Loaded, Panel } from '../../ui/page';
import { automationQuery, type Automation } from '../automations/automation-api';

interface ConflictProps {
  /** As it was when the text was read. */
  automation: Automation;
  /** Goes on from the current state, whose ETag is given. */
  onOverwrite(etag: string): void;
  onReload(): void;
}

/** Another tab or person saved first: what they changed, and the two ways out. */
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
          Your text was made from version {version}; nothing was saved. This is what they changed
          {newest === undefined ? '' : ` up to version ${newest}`}:
        </p>
        <Loaded query={diff}>{({ unified }) => <Diff unified={unified} equal="Only its status changed." />}</Loaded>
        <div className="chips">
          <button type="button" onClick={onReload}>
            Discard mine and read theirs
          </button>
          <button
            type="button"
            disabled={current.data === undefined}
            onClick={() => current.data !== undefined && onOverwrite(current.data.etag)}
          >
            Keep editing; the next save replaces theirs
          </button>
        </div>
      </div>
    </Panel>
  );
}
