import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleMinus,
  CirclePause,
  CircleX,
  Hourglass,
  TriangleAlert,
  type LucideIcon,
} from 'lucide-react';
import { SEVERITIES } from '../lib/alert-order';

type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet';

/** Icon and tone of every status that a screen shows. The icon is always shown with the text of the status. */
const STATUS: Readonly<Record<string, { icon: LucideIcon; tone: Tone }>> = {
  pending: { icon: CircleDashed, tone: 'quiet' },
  running: { icon: CircleDot, tone: 'busy' },
  waiting: { icon: Hourglass, tone: 'busy' },
  success: { icon: CircleCheck, tone: 'good' },
  failed: { icon: CircleX, tone: 'bad' },
  cancelled: { icon: Ban, tone: 'quiet' },
  skipped: { icon: CircleMinus, tone: 'quiet' },
  enabled: { icon: CircleCheck, tone: 'good' },
  disabled: { icon: CirclePause, tone: 'quiet' },
  healthy: { icon: CircleCheck, tone: 'good' },
  degraded: { icon: TriangleAlert, tone: 'warn' },
  unhealthy: { icon: CircleX, tone: 'bad' },
  firing: { icon: TriangleAlert, tone: 'bad' },
  resolved: { icon: CircleCheck, tone: 'good' },
  investigating: { icon: CircleDot, tone: 'bad' },
  identified: { icon: CircleDot, tone: 'warn' },
  fixing: { icon: CircleDot, tone: 'warn' },
  monitoring: { icon: CircleDot, tone: 'busy' },
  scheduled: { icon: CircleDashed, tone: 'quiet' },
  in_progress: { icon: CircleDot, tone: 'busy' },
  completed: { icon: CircleCheck, tone: 'good' },
  refused: { icon: Ban, tone: 'warn' },
  started: { icon: CircleCheck, tone: 'good' },
  critical: { icon: CircleX, tone: 'bad' },
  warning: { icon: TriangleAlert, tone: 'warn' },
  info: { icon: CircleDot, tone: 'quiet' },
  major: { icon: TriangleAlert, tone: 'warn' },
  minor: { icon: CircleDot, tone: 'quiet' },
};

/** Returns the tone of a status, for elements that use its colour. */
export function toneOf(value: string): Tone {
  return (Object.hasOwn(STATUS, value) ? STATUS[value]?.tone : undefined) ?? 'quiet';
}

/** Shows a status as an icon and text. */
export function Status({ value, label }: { value: string; label?: string }) {
  const known = Object.hasOwn(STATUS, value) ? STATUS[value] : undefined;
  const Icon = known?.icon ?? CircleDashed;
  return (
    <span className={`status tone-${known?.tone ?? 'quiet'}`} data-status={value}>
      <Icon size={14} aria-hidden />
      {label ?? value.replaceAll('_', ' ')}
    </span>
  );
}

/** The severity of a firing alert. An alert without a known severity has the tone of a firing alert. */
export function Severity({ value }: { value: string | null }) {
  const known = value !== null && SEVERITIES.includes(value);
  return <Status value={known ? value : 'firing'} label={value ?? 'firing'} />;
}
