import { EdgeLabelRenderer, type Edge, type EdgeProps } from '@xyflow/react';
import type { RoutedEdge } from './layout';

export type LineData = RoutedEdge & { text: string } & Record<string, unknown>;

const CORNER = 6;
const ARROW = 5;

/** Draws an edge along the points of the layout, with rounded corners and an arrow at its end. */
export function RoutedLine({ data }: EdgeProps<Edge<LineData>>) {
  if (data === undefined || data.points.length < 2) return null;
  const { points, label, text } = data;
  return (
    <>
      <path className="react-flow__edge-path" d={pathOf(points)} fill="none" />
      <path className="graph-arrow" d={arrowOf(points)} />
      {label !== undefined && (
        <EdgeLabelRenderer>
          <span
            className="graph-label"
            style={{ transform: `translate(-50%, -50%) translate(${label.x}px, ${label.y}px)` }}
          >
            {text}
          </span>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

type Points = RoutedEdge['points'];

function pathOf(points: Points): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M ${first.x} ${first.y}`;
  for (const [index, point] of rest.entries()) {
    const next = rest[index + 1];
    if (next === undefined) path += ` L ${point.x} ${point.y}`;
    else {
      const before = towards(point, points[index] ?? point);
      const after = towards(point, next);
      path += ` L ${before.x} ${before.y} Q ${point.x} ${point.y} ${after.x} ${after.y}`;
    }
  }
  return path;
}

/** Returns a point near a corner in the direction of another point, at most halfway between them. */
function towards(corner: Points[number], other: Points[number]): Points[number] {
  const length = Math.hypot(other.x - corner.x, other.y - corner.y);
  const share = length === 0 ? 0 : Math.min(CORNER, length / 2) / length;
  return { x: corner.x + (other.x - corner.x) * share, y: corner.y + (other.y - corner.y) * share };
}

function arrowOf(points: Points): string {
  const tip = points.at(-1) ?? { x: 0, y: 0 };
  const before = points.at(-2) ?? tip;
  const length = Math.hypot(tip.x - before.x, tip.y - before.y) || 1;
  const [dx, dy] = [(tip.x - before.x) / length, (tip.y - before.y) / length];
  const [baseX, baseY] = [tip.x - dx * ARROW * 1.6, tip.y - dy * ARROW * 1.6];
  return `M ${tip.x} ${tip.y} L ${baseX - dy * ARROW} ${baseY + dx * ARROW} L ${baseX + dy * ARROW} ${baseY - dx * ARROW} Z`;
}
