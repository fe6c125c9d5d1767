import { Fragment } from 'react';
import type { components } from '../api/schema';
import { ChangeLink } from './change-link';

type ChangeRef = components['schemas']['ChangeRef'];
/** A change from which another change was derived, with the changes from which that source was derived. */
type Source = ChangeRef & { from?: readonly ChangeRef[] };

/**
 * Links to the changes from which a change was derived, in chronological order, with an arrow after each level of
 * derivation. For example, an alert comes before the health change that was derived from it.
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
