import { queryOptions, useQuery } from '@tanstack/react-query';
import { useRef } from 'react';
import { api, bodyOf } from '../../api/client';
import type { components } from '../../api/schema';
import { absoluteText } from '../../lib/time';
import { dateText, timeTicks } from '../../lib/time-ticks';
import { useWidth } from '../../lib/use-width';
import { Loaded } from '../../ui/page';
import { toneOfBudget } from './budget';

type Slo = components['schemas']['Slo'];
type Point = components['schemas']['SloBurnDown']['points'][number];

/** Interval in milliseconds at which the burn-down is read again. Its last point is the time of the request. */
const REFRESH_MS = 60_000;

export const burnDownQuery = ({ id, computedAt }: Slo) =>
  queryOptions({
    queryKey: ['slos', id, 'burn-down', computedAt] as const,
    refetchInterval: REFRESH_MS,
    // The previous burn-down of this objective remains visible until the next one has been read.
    placeholderData: (data, before) => (before?.queryKey[1] === id ? data : undefined),
    queryFn: () => bodyOf(api.GET('/api/v1/slos/{id}/burn-down', { params: { path: { id } } })),
  });

const HEIGHT = 220;
const MARGIN = { top: 10, right: 24, bottom: 24, left: 46 };
const PERCENTS = [0, 25, 50, 75, 100];
/** Minimum distance between two time ticks in pixels, so that their labels do not touch. */
const TICK_PX = 64;

/**
 * A chart of the remaining error budget, in percent, from the start of the window until now. Times are in the browser's
 * time zone.
 */
export function BurnDownChart({ slo }: { slo: Slo }) {
  const query = useQuery(burnDownQuery(slo));
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div className="detail">
      <div ref={frame} className="chart-frame">
        <Loaded query={query}>{({ points }) => width > 0 && <Chart {...{ slo, points, width }} />}</Loaded>
      </div>
      <p className="hint">{`The dashed line is a budget that is used evenly. Times are in ${zone}.`}</p>
    </div>
  );
}

function Chart({ slo, points, width }: { slo: Slo; points: readonly Point[]; width: number }) {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return null;
  const [from, to] = [Date.parse(first.at), Date.parse(last.at)];
  const inner = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const x = (at: number) => MARGIN.left + ((at - from) / Math.max(1, to - from)) * inner.width;
  const y = (percent: number) => MARGIN.top + (1 - percent / 100) * inner.height;
  const line = points.map(({ at, remainingPercent }) => `${x(Date.parse(at))},${y(remainingPercent)}`);
  const left = slo.budgetRemainingPercent;
  return (
    <svg
      className={`burn-down ${toneOfBudget(left)}`}
      {...{ width, height: HEIGHT }}
      role="img"
      aria-label={`Error budget of ${slo.name} since ${dateText(from)}: ${left.toFixed(1)} % left`}
    >
      {PERCENTS.map((percent) => (
        <g key={percent} className="axis-y">
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(percent)} y2={y(percent)} />
          <text x={MARGIN.left - 6} y={y(percent)} dominantBaseline="middle" textAnchor="end">
            {percent} %
          </text>
        </g>
      ))}
      {timeTicks(from, to, Math.floor(inner.width / TICK_PX)).map(({ at, label }) => (
        <g key={at} className="axis-x">
          <line x1={x(at)} x2={x(at)} y1={y(0)} y2={y(0) + 4} />
          <text x={x(at)} y={HEIGHT - 6} textAnchor="middle">
            {label}
          </text>
        </g>
      ))}
      <line className="even" x1={x(from)} y1={y(100)} x2={x(to)} y2={y(0)} />
      <polyline points={line.join(' ')} />
      {points.map(({ at, remainingPercent }) => (
        <Hit key={at} at={Date.parse(at)} percent={remainingPercent} {...{ x, width: inner.width / points.length }} />
      ))}
    </svg>
  );
}

/** A transparent column that shows the exact values of a point on hover. */
function Hit(props: { at: number; percent: number; width: number; x(at: number): number }) {
  const { at, percent, width, x } = props;
  return (
    <rect
      className="hit"
      x={x(at) - width / 2}
      y={MARGIN.top}
      width={width}
      height={HEIGHT - MARGIN.top - MARGIN.bottom}
    >
      <title>{`${absoluteText(at)}: ${percent.toFixed(1)} % left`}</title>
    </rect>
  );
}
