import type { components } from '../api/schema';
import { CopyId } from '../ui/copy';

type Wait = Pick<components['schemas']['Wait'], 'events' | 'refs' | 'refNames'>;

/**
 * Shows the events that a wait is waiting for. If there are none, shows the entities that the wait reads, by name if
 * they have one.
 */
export function WaitedFor({ wait: { events, refs, refNames } }: { wait: Wait }) {
  if (events.length > 0) return <span>{[...new Set(events)].join(', ')}</span>;
  return [...new Set(refs)].map((ref, index) => {
    const [kind = '', ...id] = ref.split(':');
    const name = refNames[refs.indexOf(ref)] ?? null;
    return (
      <span key={ref}>
        {index > 0 && ', '}
        {name === null ? (
          ref
        ) : (
          <>
            <span className="faint">{kind}</span> <CopyId id={id.join(':')} name={name} />
          </>
        )}
      </span>
    );
  });
}
