import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import type { components } from '../api/schema';
import { useNow } from '../lib/clock';
import { durationText } from '../lib/time';
import { timeAxis, type TimeAxis } from '../lib/time-axis';
import { Status, toneOf } from '../ui/status';
import { Duration } from '../ui/time';

type Step = components['schemas']['Step'];
const ROW_PX = 30;
/** Least width of a bar, as a share of the line. */
const LEAST = 0.006;

interface StepListProps {
  steps: readonly Step[];
  finishedAt: string | null;
  chosen: string | undefined;
  onChoose(path: string): void;
}

/** Steps as a tree beside their bars on one axis of time; only rows in sight are in the page. */
export function StepList({ steps, finishedAt, chosen, onChoose }: StepListProps) {
  const ref = useRef<HTMLDivElement>(null);
  const axis = useAxis(steps, finishedAt);
  const rows = useVirtualizer({
    count: steps.length,
    getScrollElement: () => ref.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  useEffect(() => {
    const index = steps.findIndex(({ path }) => path === chosen);
    if (index >= 0) rows.scrollToIndex(index, { align: 'auto' });
    // Only once: afterwards the reader scrolls.
  }, []);
  return (
    <>
      <AxisHead axis={axis} />
      <div className="steps" ref={ref} tabIndex={0} role="region" aria-label="Steps">
        <div className="steps-inner" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const step = steps[index];
            if (step === undefined) return null;
            return (
              <button
                key={step.path}
                type="button"
                className="step-row"
                style={{ transform: `translateY(${start}px)` }}
                aria-pressed={step.path === chosen}
                onClick={() => onChoose(step.path)}
              >
                <StepName step={step} />
                <Status value={step.status} />
                <StepBar step={step} axis={axis} />
                <Duration from={step.startedAt} to={step.finishedAt} />
              </button>
            );
          })}
        </div>
      </div>
    </>
  );
}

/** The axis of a run, and where it ends; of an open run it grows with the time. */
function useAxis(steps: readonly Step[], finishedAt: string | null): TimeAxis & { to: number; ms: number } {
  const now = useNow();
  const instants = useMemo(
    () =>
      steps.flatMap(({ startedAt, finishedAt: ended }) =>
        [startedAt, ended].flatMap((at) => (at === null ? [] : [Date.parse(at)])),
      ),
    [steps],
  );
  const to = finishedAt === null ? now : Date.parse(finishedAt);
  return useMemo(() => {
    const from = instants.reduce((least, at) => Math.min(least, at), to);
    return { ...timeAxis(instants, from, to), to, ms: to - from };
  }, [instants, to]);
}

function AxisHead({ axis }: { axis: TimeAxis & { ms: number } }) {
  return (
    <div className="step-row step-head" aria-hidden>
      <span>Step</span>
      <span>Status</span>
      <span className="axis">
        <span>0</span>
        {axis.folds
          .filter(({ at }) => at > 0.1 && at < 0.7)
          .map(({ at, ms }) => (
            <span key={at} className="axis-fold" style={{ left: `${at * 100}%` }} title={`${durationText(ms)} folded`}>
              ⋯ {durationText(ms)}
            </span>
          ))}
        <span>{durationText(axis.ms)}</span>
      </span>
      <span>Took</span>
    </div>
  );
}

function StepName({ step }: { step: Step }) {
  const name = step.actionId ?? step.action ?? step.kind.replaceAll('_', ' ');
  const pass = /\.repeat\[(\d+)\]\.sequence\[\d+\]$/.exec(step.path)?.[1];
  const more = step.actionId === null ? '' : (step.action ?? step.kind.replaceAll('_', ' '));
  return (
    <span className="step-name" style={{ paddingLeft: depthOf(step.path) * 14 }} title={step.path}>
      {name}
      {pass !== undefined && <span className="faint num"> #{pass}</span>}
      {more !== '' && more !== name && <span className="step-kind">{more}</span>}
    </span>
  );
}

function StepBar({ step, axis }: { step: Step; axis: TimeAxis & { to: number } }) {
  const began = axis.place(step.startedAt === null ? axis.to : Date.parse(step.startedAt));
  const ended = axis.place(step.finishedAt === null ? axis.to : Date.parse(step.finishedAt));
  const width = Math.max(LEAST, ended - began);
  return (
    <svg className={`bar tone-${toneOf(step.status)}`} aria-hidden>
      <rect x={`${Math.min(began, 1 - LEAST) * 100}%`} width={`${width * 100}%`} height="10" rx="2" />
      {axis.folds.map(({ at }) => (
        <rect key={at} className="bar-fold" x={`${at * 100 - 0.6}%`} width="1.2%" height="10" />
      ))}
    </svg>
  );
}

/** How deep a place lies: `actions[0].sequence[1]` lies one below `actions[0]`. */
function depthOf(path: string): number {
  const levels = path.match(/\.(parallel|sequence|choose|else|repeat)\b/g) ?? [];
  // A sequence of a choice or a loop is no step of its own.
  const inner = path.match(/\.(choose\[\d+\]|repeat\[\d+\])\.sequence/g) ?? [];
  return levels.length - inner.length;
}
