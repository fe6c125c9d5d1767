import ElkApi, { type ElkNode } from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';

export type Direction = 'DOWN' | 'RIGHT';

export interface BoxSize {
  id: string;
  width: number;
  height: number;
}

export interface LayoutEdge {
  id: string;
  source: string;
  target: string;
  label: string;
}

export interface Point {
  x: number;
  y: number;
}

export interface RoutedEdge {
  points: readonly Point[];
  /** Centre of the label. */
  label: Point | undefined;
}

/** Positions of nodes (their top left corners) and routes of edges, in px. */
export interface Layout {
  nodes: ReadonlyMap<string, Point>;
  edges: ReadonlyMap<string, RoutedEdge>;
  width: number;
  height: number;
}

const CHAR_PX = 6.4;
const LABEL_PX = { padding: 12, height: 18 };

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.edgeRouting': 'ORTHOGONAL',
  // Reverses the edges that lead back to a `repeat`: a search from the triggers reaches the `repeat` before its body.
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.spacing.nodeNode': '22',
  'elk.spacing.edgeNode': '16',
  'elk.layered.spacing.nodeNodeBetweenLayers': '34',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.nodePlacement.favorStraightEdges': 'true',
  'elk.edgeLabels.inline': 'true',
  'elk.layered.considerModelOrder.components': 'MODEL_ORDER',
};

/**
 * Target ratio of width to height for packing the unconnected parts of a graph. With `DOWN`, the parts are placed below
 * each other in the order of their nodes, so `on_failure` comes last and does not make the graph wider.
 */
const ASPECT_RATIO: Readonly<Record<Direction, string>> = { DOWN: '0.01', RIGHT: '1.6' };

let elk: InstanceType<typeof ElkApi> | undefined;

/**
 * Computes the layout of a graph in a web worker to keep the page responsive.
 * @throws {Error} when the worker cannot start
 */
export async function layOut(
  boxes: readonly BoxSize[],
  edges: readonly LayoutEdge[],
  direction: Direction,
): Promise<Layout> {
  elk ??= new ElkApi({ workerFactory: () => new Worker(workerUrl) });
  const graph: ElkNode = {
    id: 'graph',
    layoutOptions: { ...OPTIONS, 'elk.direction': direction, 'elk.aspectRatio': ASPECT_RATIO[direction] },
    // Pass only ids and sizes, because the other parts of a box cannot be sent to a worker.
    children: boxes.map(({ id, width, height }) => ({ id, width, height })),
    edges: edges.map(({ id, source, target, label }) => ({
      ...{ id, sources: [source], targets: [target] },
      labels: label === '' ? [] : [{ text: label, width: labelWidth(label), height: LABEL_PX.height }],
    })),
  };
  const placed: ElkNode = await elk.layout(graph);
  return {
    nodes: new Map((placed.children ?? []).map(({ id, x = 0, y = 0 }) => [id, { x, y }])),
    edges: new Map((placed.edges ?? []).map((edge) => [edge.id, routeOf(edge)])),
    ...{ width: placed.width ?? 0, height: placed.height ?? 0 },
  };
}

const labelWidth = (label: string): number => Math.round(label.length * CHAR_PX) + LABEL_PX.padding;

function routeOf({ sections = [], labels = [] }: NonNullable<ElkNode['edges']>[number]): RoutedEdge {
  const points = sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);
  const [label] = labels;
  return {
    points,
    label:
      label === undefined
        ? undefined
        : { x: (label.x ?? 0) + (label.width ?? 0) / 2, y: (label.y ?? 0) + (label.height ?? 0) / 2 },
  };
}
