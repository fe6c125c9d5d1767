/** Zoom levels for large graphs: the lowest at which text is readable, and the highest that the initial view uses. */
const READABLE = { least: 0.6, most: 0.85 };
const MARGIN = 16;

interface Size {
  width: number;
  height: number;
}

interface Point {
  x: number;
  y: number;
}

interface View extends Point {
  zoom: number;
}

/** Returns whether the whole graph is readable at once. */
export const fitsWhole = (layout: Size, panel: Size): boolean => wholeZoom(layout, panel) >= READABLE.least;

const wholeZoom = (layout: Size, panel: Size): number =>
  Math.min((panel.width - 2 * MARGIN) / layout.width, (panel.height - 2 * MARGIN) / layout.height);

/**
 * Returns the initial view of a graph. It shows the whole graph if that is readable. Otherwise it shows as much as fits
 * around `focus`, the centre of a node, without empty space beyond the ends of the graph.
 */
export function firstView(layout: Size, panel: Size, focus: Point): View {
  const whole = wholeZoom(layout, panel);
  const across = (panel.width - 2 * MARGIN) / layout.width;
  const zoom = whole >= READABLE.least ? Math.min(1, whole) : clamp(across, READABLE.least, READABLE.most);
  return {
    x: startOf(panel.width, layout.width * zoom, focus.x * zoom, 'centre'),
    y: startOf(panel.height, layout.height * zoom, focus.y * zoom, 'start'),
    zoom,
  };
}

/**
 * Returns the offset of the graph along one axis. If the graph fits, it is placed in the centre or at the start,
 * depending on `when`. A larger graph is moved until the focus is in the centre, or as close to it as the ends of the
 * graph allow.
 */
function startOf(panel: number, graph: number, focus: number, when: 'centre' | 'start'): number {
  if (graph + 2 * MARGIN <= panel) return when === 'centre' ? (panel - graph) / 2 : MARGIN;
  return clamp(panel / 2 - focus, panel - MARGIN - graph, MARGIN);
}

const clamp = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value));
