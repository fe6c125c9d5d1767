import { Fragment } from 'react';
import type { components } from '../api/schema';
import { ChangeLink } from './change-link';

type ChangeRef = components['schemas']['ChangeRef'];
/** A change from which another was derived, with the changes from which it was derived in turn. */
type Source = ChangeRef & { from?: readonly ChangeRef[] };

/**
 * Links to the changes from which a change was derived, each followed by an arrow. Those that come first in time are
 * first: an alert, then the change of health that was derived from it.
 */
export function SourceLinks({ from }: { from: readonly Source[] }) {
  const further = [...new Map(from.flatMap((source) => source.from ?? []).map((ref) => [ref.changeId, ref])).values()];
  return [further, from].map((changes, index) =>
    changes.length === 0 ? null : (
      <Fragment key={index}>
        {changes.map((change) => (
          <span key={change.changeId} className="cause-change">
            <ChangeLink change={change} />
          </span>
        ))}
        <span aria-label="changed">→</span>
      </Fragment>
    ),
  );
}
