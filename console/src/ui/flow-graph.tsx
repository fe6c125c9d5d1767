import { useMemo } from 'react';
import { graphOf, outcomeText, type GraphNode, type PlaceOutcome } from '../lib/graph';
import { countsText, refusedText, runsText, type PlaceCounts, type Refused, type RunNumbers } from './flow';
import type { Box, BoxEdge } from './graph/box';
import { Graph } from './graph/graph';
import { Status, toneOf } from './status';

const WIDTH = 236;
const ROW = 17;
/** Number of characters that fit on one line of a node, rounded down. */
const LINE_CHARS = 34;

interface FlowGraphProps {
  definition: unknown;
  label: string;
  runs?: RunNumbers | undefined;
  refused?: Refused;
  /** How many runs reached each step, by path. */
  counts?: PlaceCounts | undefined;
  /** Outcomes by place in the definition. If given, places without an outcome are drawn as not reached. */
  outcomes?: ReadonlyMap<string, PlaceOutcome> | undefined;
  chosen?: string | undefined;
  onChoose?: ((place: string) => void) | undefined;
}

/** Shows a definition as a graph, with counts or with the outcomes of a run. */
export function FlowGraph(props: FlowGraphProps) {
  const { definition, label, runs, refused = {}, counts, outcomes, chosen, onChoose } = props;
  const { nodes, edges } = useMemo(
    () =>
      graphOf(definition, {
        refused: refusedText(refused, 'gates'),
        unmet: refusedText(refused, 'conditions'),
        runs: runsText(runs),
      }),
    [definition, runs?.ended, runs?.open, JSON.stringify(refused)],
  );
  const reached = useMemo(() => (outcomes === undefined ? undefined : reachedOf(outcomes)), [outcomes]);
  const boxes = useMemo(
    () => nodes.map((node) => boxOf(node, outcomes, reached, isStep(node.id) ? countsText(counts, node.id) : '')),
    [nodes, outcomes, reached, counts],
  );
  const lines = useMemo(
    () =>
      edges.map((edge): BoxEdge => {
        const isTaken = reached?.(edge.source) === true && reached(edge.target);
        return { ...edge, className: `${edge.kind} ${reached === undefined ? '' : isTaken ? 'taken' : 'untaken'}` };
      }),
    [edges, reached],
  );
  return <Graph label={label} boxes={boxes} edges={lines} direction="DOWN" chosen={chosen} onChoose={onChoose} />;
}

/**
 * Returns a function that checks whether a run reached a place. A run reaches all triggers and conditions, and every
 * step with an outcome other than skipped. It reaches a case or `on_failure` if any step inside has an outcome.
 */
function reachedOf(outcomes: ReadonlyMap<string, PlaceOutcome>): (place: string) => boolean {
  const places = [...outcomes.keys()];
  const done = new Set(places.filter((place) => outcomes.get(place)?.status !== 'skipped'));
  return (place) =>
    done.has(place) ||
    /^(?:triggers|conditions)/.test(place) ||
    (/(?:\.choose\[\d+\]|\.else|^on_failure)$/.test(place) && places.some((each) => isInside(each, place)));
}

/**
 * Returns whether a node is a step and can have counts, as opposed to a trigger, a condition or a case of a `choose`.
 */
const isStep = (id: string): boolean => /^(?:actions|on_failure)\[.*\]$/.test(id) && !/\.choose\[\d+\]$/.test(id);

const isInside = (path: string, place: string): boolean =>
  path.startsWith(place) && /^[.[]/.test(path.slice(place.length));

function boxOf(
  { id, kind, title, detail, lines }: GraphNode,
  outcomes: FlowGraphProps['outcomes'],
  reached: ((place: string) => boolean) | undefined,
  counted: string,
): Box {
  const outcome = outcomes?.get(id);
  const isTitled = title !== '' && title !== kind;
  const textRows = detail === '' ? 0 : Math.min(2, Math.ceil(detail.length / LINE_CHARS));
  const ended = outcome === undefined ? '' : outcomeText(outcome);
  const isUnreached = reached !== undefined && outcome === undefined && !reached(id);
  const words = [kind, title === kind ? '' : title, detail, ...lines, ended, counted];
  return {
    ...{ id, width: WIDTH, height: 13 + ROW * (1 + (isTitled ? 1 : 0) + textRows + lines.length) },
    label: words.filter((word) => word !== '').join(', ') + (isUnreached && id !== 'end' ? ', not reached' : ''),
    className: [
      kind.replaceAll(' ', '-'),
      outcome === undefined ? '' : toneOf(outcome.status),
      isUnreached ? 'untaken' : '',
    ].join(' '),
    body: (
      <>
        <span className="graph-head">
          {kind}
          {counted !== '' && <span className="flow-count num">{counted}</span>}
          {outcome !== undefined && <Status value={outcome.status} label={ended} />}
        </span>
        {isTitled && <span className="graph-title">{title}</span>}
        {detail !== '' && <span className="graph-text">{detail}</span>}
        {lines.map((line) => (
          <span key={line} className="graph-line">
            {line}
          </span>
        ))}
      </>
    ),
  };
}
