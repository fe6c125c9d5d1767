import { BellOff } from 'lucide-react';
import type { components } from '../api/schema';
import { isSilenced } from '../lib/alert-order';
import { Countdown } from './countdown';

/** Shows that an alert is silenced and when the silence ends. Shows nothing if the alert is not silenced. */
export function SilencedMark({ alert }: { alert: components['schemas']['Alert'] }) {
  if (alert.silencedUntil === undefined || !isSilenced(alert)) return null;
  return (
    <span className="status">
      <BellOff size={14} aria-hidden /> silenced, ends <Countdown until={alert.silencedUntil} />
    </span>
  );
}
