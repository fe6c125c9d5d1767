import { Link } from '@tanstack/react-router';
import { useSystemName } from '../../api/system-names';
import { EntityName } from '../../ui/entity-name';

/** The name of a system, or its id if it has no name. The tooltip shows the id. */
export function SystemName({ id }: { id: string }) {
  return <EntityName id={id} name={useSystemName(id)} short={60} />;
}

/** A link to a system, shown by its name. */
export function SystemLink({ id }: { id: string }) {
  return (
    <Link to="/systems/$id" params={{ id }} search={{}}>
      <SystemName id={id} />
    </Link>
  );
}

/** Links to systems, shown by their names. */
export function SystemLinks({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) return <span className="faint">–</span>;
  return (
    <>
      {ids.map((id, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <SystemLink id={id} />
        </span>
      ))}
    </>
  );
}
