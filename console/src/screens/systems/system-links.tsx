import { Link } from '@tanstack/react-router';

/** Links to systems, shown by their ids. */
export function SystemLinks({ ids }: { ids: readonly string[] }) {
  if (ids.length === 0) return <span className="faint">–</span>;
  return (
    <>
      {ids.map((id, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <Link to="/systems/$id" params={{ id }} search={{}}>
            {id}
          </Link>
        </span>
      ))}
    </>
  );
}
