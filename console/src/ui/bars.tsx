import type { components } from '../api/schema';
import { absoluteText } from '../lib/time';

type Bucket = components['schemas']['RunStats']['buckets'][number];

/** A stacked bar chart of run outcomes over time. Failures are at the bottom, where they are easiest to compare. */
export function OutcomeBars({
  buckets,
  height = 22,
  label,
}: {
  buckets: readonly Bucket[];
  height?: number;
  label: string;
}) {
  const most = Math.max(1, ...buckets.map(({ success, failed, cancelled }) => success + failed + cancelled));
  const width = 100 / Math.max(1, buckets.length);
  return (
    <svg className="bars" height={height} role="img" aria-label={label} preserveAspectRatio="none">
      {buckets.map((bucket, index) => (
        <g key={bucket.at}>
          <title>{titleOf(bucket)}</title>
          <rect className="hit" x={`${index * width}%`} y={0} width={`${width}%`} height={height} />
          <Stack bucket={bucket} most={most} height={height} x={index * width} width={width * 0.8} />
        </g>
      ))}
    </svg>
  );
}

function Stack(props: { bucket: Bucket; most: number; height: number; x: number; width: number }) {
  const { bucket, most, height, x, width } = props;
  let below = 0;
  return (['failed', 'cancelled', 'success'] as const).map((outcome) => {
    const count = bucket[outcome];
    if (count === 0) return null;
    const tall = Math.max(2, (count / most) * (height - 1));
    below += tall;
    return (
      <rect
        key={outcome}
        className={`fill-${outcome}`}
        x={`${x}%`}
        y={Math.max(0, height - below)}
        width={`${width}%`}
        height={tall}
      />
    );
  });
}

function titleOf({ at, success, failed, cancelled }: Bucket): string {
  return `${absoluteText(Date.parse(at))}: ${success} success, ${failed} failed, ${cancelled} cancelled`;
}
