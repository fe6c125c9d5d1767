import { useVirtualizer } from '@tanstack/react-virtual';
import { useDeferredValue, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import type { components } from '../api/schema';
import { useNow } from '../lib/clock';
import { durationText } from '../lib/time';
import { timeAxis, type TimeAxis } from '../lib/time-axis';
import { Status, toneOf } from '../ui/status';
import { Duration } from '../ui/time';

type Step = components['schemas']['Step'];
const ROW_PX = 30;
/** Minimum width of a bar, as a fraction of the axis. */
const LEAST = 0.006;
/** Minimum number of steps for the list to show a filter. */
const FILTER_FROM = 25;
/** Statuses that the filter offers as buttons. */
const NARROWING = ['failed', 'waiting', 'running', 'cancelled', 'skipped'];

interface StepListProps {
  steps: readonly Step[];
  finishedAt: string | null;
  /**
   * Path of the step that the step panel shows. The list scrolls to the first chosen step once, as soon as it is
   * listed.
   */
  chosen: string | undefined;
  onChoose(path: string): void;
}

/** Lists steps as a tree, each with a bar on a common time axis. Only the visible rows are rendered. */
export function StepList({ steps: all, finishedAt, chosen, onChoose }: StepListProps) {
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text.trim().toLowerCase());
  const steps = useMemo(() => (wanted === '' ? all : all.filter((step) => matches(step, wanted))), [all, wanted]);
  const ref = useRef<HTMLDivElement>(null);
  const axis = useAxis(all, finishedAt);
  const rows = useVirtualizer({
    count: steps.length,
    getScrollElement: () => ref.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  const keepPlace = useFirstPlace(steps, chosen, (index) => {
    if (ref.current?.scrollTop === 0) rows.scrollToIndex(index, { align: 'center' });
  });
  const press = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const from = (event.target as HTMLElement).dataset['index'];
    if (step === 0 || from === undefined) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(steps.length - 1, Number(from) + step));
    rows.scrollToIndex(next, { align: 'auto' });
    ref.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus({ preventScroll: true });
  };
  return (
    <>
      {all.length >= FILTER_FROM && <Filter {...{ text, all }} shown={steps.length} onChange={setText} />}
      <AxisHead axis={axis} />
      <div className="steps" ref={ref} tabIndex={0} role="region" aria-label="Steps" onKeyDown={press}>
        <div className="steps-inner" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const step = steps[index];
            if (step === undefined) return null;
            return (
              <button
                key={step.path}
                type="button"
                className="step-row"
                data-index={index}
                style={{ transform: `translateY(${start}px)` }}
                aria-pressed={step.path === chosen}
                onClick={() => {
                  keepPlace();
                  onChoose(step.path);
                }}
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

/**
 * Calls `show` once, with the index of the first chosen step, as soon as that step is listed. After that, the user
 * controls the scroll position. Returns a function that prevents the call. Use it when the user chooses a step in the
 * list.
 */
function useFirstPlace(steps: readonly Step[], chosen: string | undefined, show: (index: number) => void): () => void {
  const placed = useRef(false);
  useEffect(() => {
    const index = placed.current ? -1 : steps.findIndex(({ path }) => path === chosen);
    if (index < 0) return;
    placed.current = true;
    show(index);
  }, [steps, chosen]);
  return () => {
    placed.current = true;
  };
}

/**
 * Returns whether a step's name, action, kind, path or status contains `text`, ignoring case. `text` must be
 * lower-case.
 */
const matches = ({ path, actionId, action, kind, status }: Step, text: string): boolean =>
  [path, actionId, action, kind.replaceAll('_', ' '), status].some(
    (each) => each?.toLowerCase().includes(text) === true,
  );

interface FilterProps {
  text: string;
  all: readonly Step[];
  shown: number;
  onChange(text: string): void;
}

/** Filters a long list of steps by status or text. */
function Filter({ text, all, shown, onChange }: FilterProps) {
  const counts = useMemo(() => {
    const found = new Map<string, number>();
    for (const { status } of all) found.set(status, (found.get(status) ?? 0) + 1);
    return found;
  }, [all]);
  return (
    <div className="step-filter">
      <input
        type="search"
        aria-label="Find steps"
        placeholder="Name, path or status"
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
      <div className="chips" role="group" aria-label="Status">
        {NARROWING.filter((status) => counts.has(status)).map((status) => (
          <button
            key={status}
            type="button"
            className="small"
            aria-pressed={text === status}
            onClick={() => onChange(text === status ? '' : status)}
          >
            {status} <span className="num">{counts.get(status)?.toLocaleString('en-US')}</span>
          </button>
        ))}
      </div>
      <span className="hint num" role="status">
        {text === '' ? '' : `${shown.toLocaleString('en-US')} of ${all.length.toLocaleString('en-US')}`}
      </span>
    </div>
  );
}

/** Returns the time axis of a run, its end and its length. The axis of an open run grows with time. */
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
      <span className="step-label">{name}</span>
      {pass !== undefined && <span className="step-pass faint num"> #{pass}</span>}
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

/** Returns the nesting depth of a step path: `actions[0]` has depth 0 and `actions[0].sequence[1]` has depth 1. */
function depthOf(path: string): number {
  const levels = path.match(/\.(parallel|sequence|choose|else|repeat)\b/g) ?? [];
  // The `sequence` of a choice or loop is not a step, so it does not count as a level.
  const inner = path.match(/\.(choose\[\d+\]|repeat\[\d+\])\.sequence/g) ?? [];
  return levels.length - inner.length;
}
