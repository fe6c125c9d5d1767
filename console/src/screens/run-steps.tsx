import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef } from 'react';
import type { components } from '../api/schema';
import { useNow } from '../lib/clock';
import { Status } from '../ui/status';
import { Duration } from '../ui/time';

type Step = components['schemas']['Step'];
const ROW_PX = 32;

interface StepListProps {
  steps: readonly Step[];
  finishedAt: string | null;
  chosen: string | undefined;
  onChoose(path: string): void;
}

/** Steps as a tree beside their bars on one axis of time; only rows in sight are in the page. */
export function StepList({ steps, finishedAt, chosen, onChoose }: StepListProps) {
  const ref = useRef<HTMLDivElement>(null);
  const now = useNow();
  const rows = useVirtualizer({
    count: steps.length,
    getScrollElement: () => ref.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const starts = steps.flatMap(({ startedAt }) => (startedAt === null ? [] : [Date.parse(startedAt)]));
  const from = starts.reduce((least, each) => Math.min(least, each), Infinity);
  const to = finishedAt === null ? now : Date.parse(finishedAt);
  const share = (ms: number) => Math.min(100, Math.max(0, ((ms - from) / Math.max(1, to - from)) * 100));
  return (
    <div className="steps" ref={ref} tabIndex={0} role="region" aria-label="Steps">
      <div className="steps-inner" style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(({ index, start }) => {
          const step = steps[index];
          if (step === undefined) return null;
          const began = share(step.startedAt === null ? to : Date.parse(step.startedAt));
          const ended = share(step.finishedAt === null ? to : Date.parse(step.finishedAt));
          return (
            <button
              key={step.path}
              type="button"
              className="step-row"
              style={{ transform: `translateY(${start}px)` }}
              aria-pressed={step.path === chosen}
              onClick={() => onChoose(step.path)}
            >
              <span className="step-name" style={{ paddingLeft: depthOf(step.path) * 14 }} title={step.path}>
                {step.actionId ?? step.action ?? step.kind}
              </span>
              <Status value={step.status} />
              <svg className={`bar tone-${step.status === 'failed' ? 'bad' : 'busy'}`} aria-hidden>
                <rect x={`${began}%`} width={`${Math.max(0.8, ended - began)}%`} height="10" rx="2" />
              </svg>
              <Duration from={step.startedAt} to={step.finishedAt} />
            </button>
          );
        })}
      </div>
    </div>
  );
}

/** How deep a place lies: `actions[0].sequence[1]` lies one below `actions[0]`. */
function depthOf(path: string): number {
  return Math.max(0, (path.match(/\[/g)?.length ?? 1) - 1);
}
