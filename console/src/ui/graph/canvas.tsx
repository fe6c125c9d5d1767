import '@xyflow/react/dist/base.css';
import './canvas.css';
import {
  Handle,
  MiniMap,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
  type Edge,
  type Node,
  type NodeProps,
} from '@xyflow/react';
import { Expand, Maximize2, Minus, Plus, Shrink } from 'lucide-react';
import { createContext, useContext, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { Problem } from '../page';
import type { Box, CanvasProps } from './box';
import { firstView, fitsWhole } from './first-view';
import { GraphLoading } from './graph-loading';
import type { Layout, Point } from './layout';
import { nearestInDirection } from './nearest';
import { RoutedLine, type LineData } from './routed-line';
import { useLayout } from './use-layout';

const ZOOM = { least: 0.05, most: 2 };
/** Minimum width, in px, at which the canvas of a large graph shows an overview map. */
const WIDE = 480;

type BoxNode = Node<{ box: Box }, 'box'>;
const NODE_TYPES = { box: BoxView };
const EDGE_TYPES = { routed: RoutedLine };

/** The properties of the canvas that its nodes use. */
const Chosen = createContext<Pick<CanvasProps, 'chosen' | 'onChoose'> & { isDown: boolean }>({ isDown: true });

/** A graph that can be panned and zoomed. Arrow keys move the focus between nodes. */
export default function Canvas(props: CanvasProps) {
  const { boxes, edges, direction, chosen, onChoose } = props;
  const { layout, error } = useLayout(boxes, edges, direction);
  const context = useMemo(() => ({ chosen, onChoose, isDown: direction === 'DOWN' }), [chosen, onChoose, direction]);
  if (error !== undefined)
    return (
      <Problem error={new Error(`The graph could not be laid out: ${error.message} Use the list view instead.`)} />
    );
  if (layout === undefined) return <GraphLoading />;
  return (
    <ReactFlowProvider>
      <Chosen value={context}>
        <Surface {...props} layout={layout} />
      </Chosen>
    </ReactFlowProvider>
  );
}

function Surface({ label, boxes, edges, layout, chosen }: CanvasProps & { layout: Layout }) {
  const host = useRef<HTMLDivElement>(null);
  const [isLarge, setLarge] = useState(false);
  const nodes = useMemo(() => nodesOf(boxes, layout), [boxes, layout]);
  const lines = useMemo(() => linesOf(edges, layout), [edges, layout]);
  const places = useMemo(() => placesOf(boxes, layout), [boxes, layout]);
  const focus = places.find(({ id }) => id === chosen) ?? places[0];
  const { fits, isWide, onMoved } = useFirstView(layout, focus);
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') setLarge(false);
    const from = (event.target as HTMLElement).closest('[data-box]')?.getAttribute('data-box');
    if (from === null || from === undefined || !event.key.startsWith('Arrow')) return;
    const next = nearestInDirection(places, from, event.key);
    event.preventDefault();
    if (next === undefined) return;
    const target = [...(host.current?.querySelectorAll<HTMLElement>('[data-box]') ?? [])];
    target.find((element) => element.dataset['box'] === next)?.focus({ preventScroll: true });
  };
  return (
    <div className={`graph ${isLarge ? 'large' : ''}`} ref={host} onKeyDown={press}>
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
        onMoveStart={(event) => {
          if (event !== null) onMoved();
        }}
        // The mouse wheel scrolls the page. With Ctrl it zooms the graph.
        zoomOnScroll={false}
        preventScrolling={false}
        zoomActivationKeyCode="Control"
        zoomOnDoubleClick={false}
        proOptions={{ hideAttribution: true }}
      >
        {!fits && isWide && (
          <MiniMap<BoxNode>
            pannable
            position="bottom-left"
            ariaLabel="Overview of the whole graph"
            nodeClassName={({ data }) => data.box.className}
          />
        )}
      </ReactFlow>
      <Tools isLarge={isLarge} onMoved={onMoved} onLarge={() => setLarge((before) => !before)} />
    </div>
  );
}

/**
 * Sets the initial view of a graph. Sets it again when the graph or the canvas changes, until the user pans or zooms.
 * `fits` is true if the whole graph is readable at once, and `isWide` if there is room for an overview map.
 */
function useFirstView(layout: Layout, focus: Point | undefined) {
  const flow = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  const isMoved = useRef(false);
  useEffect(() => {
    if (width > 0 && focus !== undefined && !isMoved.current)
      void flow.setViewport(firstView(layout, { width, height }, focus));
  }, [layout, width, height]);
  return {
    fits: width === 0 || fitsWhole(layout, { width, height }),
    isWide: width >= WIDE,
    onMoved: () => {
      isMoved.current = true;
    },
  };
}

function Tools({ isLarge, onMoved, onLarge }: { isLarge: boolean; onMoved(): void; onLarge(): void }) {
  const flow = useReactFlow();
  const move = (how: () => Promise<boolean>) => () => {
    onMoved();
    void how();
  };
  const Enlarge = isLarge ? Shrink : Expand;
  return (
    <div className="graph-tools">
      <button type="button" className="icon" aria-label="Zoom in" onClick={move(() => flow.zoomIn())}>
        <Plus size={14} aria-hidden />
      </button>
      <button type="button" className="icon" aria-label="Zoom out" onClick={move(() => flow.zoomOut())}>
        <Minus size={14} aria-hidden />
      </button>
      <button type="button" className="icon" aria-label="Show the whole graph" onClick={move(() => flow.fitView())}>
        <Maximize2 size={14} aria-hidden />
      </button>
      <button type="button" className="icon" aria-label="Fill the window" aria-pressed={isLarge} onClick={onLarge}>
        <Enlarge size={14} aria-hidden />
      </button>
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

/** One node. It is a button if nodes can be chosen, and can always be focused. */
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

/** Pans the canvas to a node, unless the whole node is already visible. */
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
