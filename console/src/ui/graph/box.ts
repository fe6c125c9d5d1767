import type { ReactNode } from 'react';
import type { BoxSize, Direction, LayoutEdge } from './layout';

/** One node of a graph, with a fixed size. */
export interface Box extends BoxSize {
  /** The full text of the node, for screen readers. */
  label: string;
  /** CSS classes for the style of the node, e.g. `failed`. */
  className: string;
  body: ReactNode;
}

/** An edge of a graph. `className` holds CSS classes such as `taken`. */
export interface BoxEdge extends LayoutEdge {
  className: string;
}

export interface CanvasProps {
  label: string;
  boxes: readonly Box[];
  edges: readonly BoxEdge[];
  direction: Direction;
  /** Id of the chosen node. */
  chosen?: string | undefined;
  /** Called when a node is chosen. If absent, nodes cannot be chosen. */
  onChoose?: ((id: string) => void) | undefined;
}
