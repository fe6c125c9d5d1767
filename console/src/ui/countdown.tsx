import { useNow } from '../lib/clock';
import { absoluteText, leftText } from '../lib/time';

/** Shows the time remaining until an instant, and the instant itself on hover. */
export function Countdown({ until }: { until: string }) {
  const now = useNow();
  const at = Date.parse(until);
  const left = at - now;
  return (
    <time dateTime={until} title={absoluteText(at)} className="num nowrap">
      {left <= 0 ? 'due now' : leftText(left)}
    </time>
  );
}
