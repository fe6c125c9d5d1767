import '@xyflow/react/dist/base.css';
import './canvas.css';
import {
  Handle,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  type Edge,
  type Node,
  type NodeProps,
} from '@xyflow/react';
import { Maximize2, Minus, Plus } from 'lucide-react';
import { createContext, useContext, useEffect, useMemo, useRef, type KeyboardEvent } from 'react';
import { Loading, Problem } from '../page';
import type { Box, CanvasProps } from './box';
import type { Layout, Point } from './layout';
import { nearestInDirection } from './nearest';
import { RoutedLine, type LineData } from './routed-line';
import { useLayout } from './use-layout';

const ZOOM = { least: 0.15, first: 0.6, most: 2 };
const MARGIN = 16;

type BoxNode = Node<{ box: Box }, 'box'>;
const NODE_TYPES = { box: BoxView };
const EDGE_TYPES = { routed: RoutedLine };

/** Context that the canvas provides to its nodes. */
const Chosen = createContext<Pick<CanvasProps, 'chosen' | 'onChoose'> & { isDown: boolean }>({ isDown: true });

/** A graph that can be moved and zoomed. Arrow keys move the focus from node to node. */
export default function Canvas(props: CanvasProps) {
  const { boxes, edges, direction, chosen, onChoose } = props;
  const { layout, error } = useLayout(boxes, edges, direction);
  const context = useMemo(() => ({ chosen, onChoose, isDown: direction === 'DOWN' }), [chosen, onChoose, direction]);
  if (error !== undefined)
    return <Problem error={new Error(`The graph could not be laid out: ${error.message} The list shows the same.`)} />;
  if (layout === undefined) return <Loading rows={8} />;
  return (
    <ReactFlowProvider>
      <Chosen value={context}>
        <Surface {...props} layout={layout} />
      </Chosen>
    </ReactFlowProvider>
  );
}

function Surface({ label, boxes, edges, layout }: CanvasProps & { layout: Layout }) {
  const host = useRef<HTMLDivElement>(null);
  const flow = useReactFlow();
  const nodes = useMemo(() => nodesOf(boxes, layout), [boxes, layout]);
  const lines = useMemo(() => linesOf(edges, layout), [edges, layout]);
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const fit = () => {
    // Whole when it stays readable; otherwise from the top, at a size that can be read.
    const whole = Math.min((width - 2 * MARGIN) / layout.width, (height - 2 * MARGIN) / layout.height);
    const zoom = Math.min(1, Math.max(whole, ZOOM.first));
    const x = Math.max(MARGIN, (width - layout.width * zoom) / 2);
    void flow.setViewport({ x, y: MARGIN, zoom });
  };
  useEffect(() => {
    if (width > 0) fit();
  }, [layout, width > 0]);
  const press = (event: KeyboardEvent) => {
    const from = (event.target as HTMLElement).closest('[data-box]')?.getAttribute('data-box');
    if (from === null || from === undefined || !event.key.startsWith('Arrow')) return;
    const next = nearestInDirection(placesOf(boxes, layout), from, event.key);
    event.preventDefault();
    if (next === undefined) return;
    const target = [...(host.current?.querySelectorAll<HTMLElement>('[data-box]') ?? [])];
    target.find((element) => element.dataset['box'] === next)?.focus({ preventScroll: true });
  };
  return (
    <div className="graph" ref={host} onKeyDown={press}>
      <ReactFlow
        aria-label={label}
        {...{ nodes, edges: lines, nodeTypes: NODE_TYPES, edgeTypes: EDGE_TYPES }}
        minZoom={ZOOM.least}
        maxZoom={ZOOM.most}
        nodesDraggable={false}
        nodesConnectable={false}
        nodesFocusable={false}
        edgesFocusable={false}
        elementsSelectable={false}
        // The wheel scrolls the page; with Ctrl it zooms.
        zoomOnScroll={false}
        preventScrolling={false}
        zoomActivationKeyCode="Control"
        zoomOnDoubleClick={false}
        proOptions={{ hideAttribution: true }}
      />
      <div className="graph-tools">
        <button type="button" className="icon" aria-label="Zoom in" onClick={() => void flow.zoomIn()}>
          <Plus size={14} aria-hidden />
        </button>
        <button type="button" className="icon" aria-label="Zoom out" onClick={() => void flow.zoomOut()}>
          <Minus size={14} aria-hidden />
        </button>
        <button type="button" className="icon" aria-label="Show the whole graph" onClick={() => void flow.fitView()}>
          <Maximize2 size={14} aria-hidden />
        </button>
      </div>
    </div>
  );
}

const placesOf = (boxes: readonly Box[], layout: Layout) =>
  boxes.flatMap(({ id, width, height }) => {
    const at = layout.nodes.get(id);
    return at === undefined ? [] : [{ id, x: at.x + width / 2, y: at.y + height / 2 }];
  });

function nodesOf(boxes: readonly Box[], layout: Layout): BoxNode[] {
  return boxes.flatMap((box) => {
    const position = layout.nodes.get(box.id);
    if (position === undefined) return [];
    const { id, width, height } = box;
    return [{ ...{ id, position, width, height, type: 'box' as const, data: { box } } }];
  });
}

function linesOf(edges: CanvasProps['edges'], layout: Layout): Edge<LineData>[] {
  return edges.flatMap(({ id, source, target, label, className }) => {
    const route = layout.edges.get(id);
    if (route === undefined) return [];
    return [{ ...{ id, source, target, className, type: 'routed' }, data: { ...route, text: label } }];
  });
}

/** One node: a button where nodes can be chosen, otherwise a part that the keyboard can still reach. */
function BoxView({ data: { box } }: NodeProps<BoxNode>) {
  const { chosen, onChoose, isDown } = useContext(Chosen);
  const flow = useReactFlow();
  const size = useStore(({ width, height }) => `${width}x${height}`);
  const bring = () => {
    const node = flow.getNode(box.id);
    const [width = 0, height = 0] = size.split('x').map(Number);
    if (node !== undefined) bringIntoView(flow, node.position, box, { width, height });
  };
  const shared = {
    ...{ className: `graph-box nopan ${box.className}`, 'data-box': box.id, 'aria-label': box.label, onFocus: bring },
    title: box.label,
  };
  return (
    <>
      <Handle type="target" position={isDown ? Position.Top : Position.Left} isConnectable={false} />
      {onChoose === undefined ? (
        <div {...shared} role="group" tabIndex={0}>
          {box.body}
        </div>
      ) : (
        <button type="button" {...shared} aria-pressed={box.id === chosen} onClick={() => onChoose(box.id)}>
          {box.body}
        </button>
      )}
      <Handle type="source" position={isDown ? Position.Bottom : Position.Right} isConnectable={false} />
    </>
  );
}

/** Moves the canvas so that a node is in sight; not at all when it is. */
function bringIntoView(
  flow: ReturnType<typeof useReactFlow>,
  at: Point,
  { width, height }: Box,
  outer: { width: number; height: number },
): void {
  const { x, y, zoom } = flow.getViewport();
  const left = at.x * zoom + x;
  const top = at.y * zoom + y;
  const isInside = left >= 0 && top >= 0 && left + width * zoom <= outer.width && top + height * zoom <= outer.height;
  if (!isInside) void flow.setCenter(at.x + width / 2, at.y + height / 2, { zoom });
}
