import { CircleX, TriangleAlert } from 'lucide-react';
import { Panel } from '../../ui/page';
import { fixOf, rangeOf, type PlacedFinding } from './findings';

interface FindingListProps {
  findings: readonly PlacedFinding[];
  text: string;
  onChoose(offset: number): void;
  /** Replaces the text and moves the cursor to the end of the correction. */
  onFix(text: string, offset: number): void;
}

/**
 * Lists findings. Choosing a finding moves the cursor to its place. If its message suggests a fix, a button applies the
 * fix.
 */
export function FindingList({ findings, text, onChoose, onFix }: FindingListProps) {
  if (findings.length === 0) return null;
  return (
    <Panel title={`Findings (${findings.length})`}>
      <ul className="plain findings">
        {findings.map((finding, index) => (
          <li key={index}>
            <button type="button" className="finding" onClick={() => onChoose(rangeOf(text, finding).from)}>
              {finding.severity === 'error' ? (
                <CircleX size={14} className="tone-bad" aria-label="Error" />
              ) : (
                <TriangleAlert size={14} className="tone-warn" aria-label="Warning" />
              )}
              <span>
                {finding.message}
                <span className="cell-sub">
                  {finding.path} {finding.line !== undefined && `line ${finding.line}`}
                </span>
              </span>
            </button>
            <Fix finding={finding} text={text} onFix={onFix} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Fix({ finding, text, onFix }: { finding: PlacedFinding } & Pick<FindingListProps, 'text' | 'onFix'>) {
  const fix = fixOf(text, finding);
  if (fix === undefined) return null;
  const { from, to, insert } = fix;
  return (
    <button type="button" onClick={() => onFix(text.slice(0, from) + insert + text.slice(to), from + insert.length)}>
      Change to {insert}
    </button>
  );
}
