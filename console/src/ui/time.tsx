import { useNow } from '../lib/clock';
import { absoluteText, durationText, relativeText } from '../lib/time';

/** Shows an instant relative to now, with the exact time on hover. */
export function Time({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (at == null) return <span className="faint">–</span>;
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={absoluteText(ms)} className="nowrap">
      {relativeText(ms, now)}
    </time>
  );
}

/** Shows how long something took, or how long it has been running. */
export function Duration({ from, to }: { from: string | null | undefined; to: string | null | undefined }) {
  const now = useNow();
  if (from == null) return <span className="faint">–</span>;
  const end = to == null ? now : Date.parse(to);
  return <span className="duration num nowrap">{durationText(end - Date.parse(from))}</span>;
}
