import type { ReactNode } from 'react';
import type { BoxSize, Direction, LayoutEdge } from './layout';

/** One node of a canvas, of a fixed size. */
export interface Box extends BoxSize {
  /** Everything that the node says, for screen readers. */
  label: string;
  /** Names of its style, e.g. `failed`. */
  className: string;
  body: ReactNode;
}

/** An edge; `className` names its style, e.g. `taken`. */
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
  /** Without it nodes cannot be chosen. */
  onChoose?: ((id: string) => void) | undefined;
}
