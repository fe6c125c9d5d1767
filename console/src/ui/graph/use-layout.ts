import { useEffect, useState } from 'react';
import { layOut, type BoxSize, type Direction, type Layout, type LayoutEdge } from './layout';

/**
 * Returns the layout of a graph, or undefined until the first layout is ready. The previous layout is kept until a
 * changed graph has been laid out. A new layout is computed only when nodes, sizes, edges or labels change, not when a
 * status changes.
 */
export function useLayout(
  boxes: readonly BoxSize[],
  edges: readonly LayoutEdge[],
  direction: Direction,
): { layout: Layout | undefined; error: Error | undefined } {
  const [layout, setLayout] = useState<Layout>();
  const [error, setError] = useState<Error>();
  const shape = JSON.stringify([
    boxes.map(({ id, width, height }) => [id, width, height]),
    edges.map(({ id, source, target, label }) => [id, source, target, label]),
    direction,
  ]);
  useEffect(() => {
    let current = true;
    layOut(boxes, edges, direction).then(
      (made) => {
        if (!current) return;
        setLayout(made);
        setError(undefined);
      },
      (cause: unknown) => {
        if (current) setError(cause instanceof Error ? cause : new Error(String(cause)));
      },
    );
    return () => {
      current = false;
    };
  }, [shape]);
  return { layout, error };
}
