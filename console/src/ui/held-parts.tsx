import type { components } from '../api/schema';
import { PartValues } from './conditions';
import { Time } from './time';

type Candidate = Pick<components['schemas']['Candidate'], 'held' | 'heldWhenArmed' | 'dwell'>;

/**
 * Shows the parts of config, filter and conditions that were true. For a dwell, shows first those that were true when it
 * was armed, and then those that were true at its deadline.
 */
export function HeldParts({ candidate: { held = [], heldWhenArmed = [], dwell } }: { candidate: Candidate }) {
  return (
    <>
      {heldWhenArmed.length > 0 && (
        <div className="cell-sub">
          When the dwell was armed, <Time at={dwell?.armedAt} />:
        </div>
      )}
      <Parts parts={heldWhenArmed} />
      {held.length > 0 && dwell !== undefined && (
        <div className="cell-sub">
          When it fired, <Time at={dwell.firesAt} />:
        </div>
      )}
      <Parts parts={held} />
    </>
  );
}

const Parts = ({ parts }: { parts: readonly components['schemas']['Part'][] }) =>
  parts.map((part, index) => <PartValues key={index} part={part} held />);
