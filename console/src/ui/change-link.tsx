import { Link } from '@tanstack/react-router';
import { changeName } from '../lib/change-name';
import { shortId } from './copy';
import { EntityName } from './entity-name';

interface ChangeLinkProps {
  change: Parameters<typeof changeName>[0] & { changeId: string; id: string | null; name: string | null };
}

/** A link to a change, with the name of its entity. */
export function ChangeLink({ change }: ChangeLinkProps) {
  const { changeId, event, kind, id, name } = change;
  return (
    <>
      <Link to="/why/$id" params={{ id: changeId }} search={{}}>
        {changeName(change) ?? shortId(changeId)}
      </Link>{' '}
      {id !== null && (
        <span className="faint">
          <EntityName kind={event === null ? kind : undefined} id={id} name={name} />
        </span>
      )}
    </>
  );
}
