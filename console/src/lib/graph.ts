import { flowOf, type FlowModel, type FlowStep } from './flow';

/** What an edge leads to: the next step, one branch, or the next pass of a loop. */
type EdgeKind = 'next' | 'branch' | 'again';

export interface GraphNode {
  /** Path in the definition, unique in the graph. */
  id: string;
  kind: string;
  title: string;
  detail: string;
  /** Gates of a trigger, one per line. */
  lines: readonly string[];
}

interface GraphEdge {
  id: string;
  source: string;
  target: string;
  label: string;
  kind: EdgeKind;
}

interface GraphModel {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** An edge whose target, the next step, is not known yet. */
interface Exit {
  from: string;
  label: string;
  kind: EdgeKind;
}

interface Counts {
  /** Label after the triggers: how many events their gates refused, e.g. `4 × filter`. */
  refused?: string;
  /** Label after the last condition: how many events the conditions refused. */
  unmet?: string;
  /** Label of the edge to the first step: how many runs have ended, and how many are open. */
  runs?: string;
}

/** Id of the node from which the `on_failure` steps start. */
const FAILURE = 'on_failure';

/** Returns a definition as a graph of triggers, conditions and steps. */
export function graphOf(definition: unknown, counts: Counts = {}): GraphModel {
  const flow = flowOf(definition);
  const graph: GraphModel = { nodes: [], edges: [] };
  const exits = walk(flow.steps, gatesOf(flow, counts, graph), graph);
  if (flow.onFailure.length > 0) {
    graph.nodes.push(nodeOf({ path: FAILURE, kind: 'on failure', title: 'When a step fails' }));
    walk(flow.onFailure, [{ from: FAILURE, label: '', kind: 'next' }], graph);
  }
  if (exits.length > 1 || exits.some(({ kind }) => kind === 'branch')) {
    graph.nodes.push(nodeOf({ path: 'end', kind: 'end', title: 'The run ends' }));
    connect(exits, 'end', graph);
  }
  return graph;
}

function gatesOf({ triggers, conditions }: FlowModel, counts: Counts, graph: GraphModel): Exit[] {
  let exits: Exit[] = [];
  if (triggers.length === 0) {
    graph.nodes.push(nodeOf({ path: 'triggers', kind: 'trigger', title: 'Only started manually' }));
    exits = [exitOf('triggers')];
  }
  for (const { path, id, event, gates } of triggers) {
    graph.nodes.push(nodeOf({ path, kind: 'trigger', title: id, detail: id === event ? '' : event, lines: gates }));
    exits.push(exitOf(path));
  }
  exits = labelled(exits, counts.refused);
  for (const { path, text } of conditions) {
    graph.nodes.push(nodeOf({ path, kind: 'condition', detail: text }));
    connect(exits, path, graph);
    exits = [exitOf(path)];
  }
  if (conditions.length > 0) exits = labelled(exits, counts.unmet);
  return labelled(exits, counts.runs);
}

const exitOf = (from: string): Exit => ({ from, label: '', kind: 'next' });

/**
 * Returns the exits with `text` added only to the label of the first exit. If every edge had the text, it would look
 * like a separate count for each edge.
 */
function labelled(exits: readonly Exit[], text: string | undefined): Exit[] {
  if (text === undefined || text === '') return [...exits];
  return exits.map((exit, index) =>
    index > 0 ? exit : { ...exit, label: [exit.label, text].filter((part) => part !== '').join(', ') },
  );
}

type NodeParts = Partial<Omit<GraphNode, 'id'>> & { path: string; kind: string };

const nodeOf = ({ path, kind, title = '', detail = '', lines = [] }: NodeParts): GraphNode => ({
  ...{ id: path, kind: kind.replaceAll('_', ' '), title, detail, lines },
});

function connect(exits: readonly Exit[], target: string, graph: GraphModel): void {
  for (const { from, label, kind } of exits)
    graph.edges.push({ id: `${from}→${target}→${graph.edges.length}`, source: from, target, label, kind });
}

/** Adds the nodes and edges of a sequence of steps. Returns the exits of the last step, or no exits after a `stop`. */
function walk(steps: readonly FlowStep[], entries: readonly Exit[], graph: GraphModel): Exit[] {
  let exits: Exit[] = [...entries];
  for (const step of steps) {
    graph.nodes.push(nodeOf({ path: step.path, kind: step.kind, title: step.title, detail: step.detail }));
    connect(exits, step.path, graph);
    exits = exitsOf(step, graph);
  }
  return exits;
}

function exitsOf(step: FlowStep, graph: GraphModel): Exit[] {
  const { path, kind, branches } = step;
  switch (kind) {
    case 'stop':
      return [];
    case 'repeat': {
      const body = branches.flatMap(({ steps }) => walk(steps, [{ ...exitOf(path), label: 'each pass' }], graph));
      connect(
        body.map((exit) => ({ ...exit, kind: 'again' as const })),
        path,
        graph,
      );
      return [{ from: path, label: 'done', kind: 'next' }];
    }
    case 'choose':
      return chooseExits(step, graph);
    default: {
      if (branches.length === 0) return [exitOf(path)];
      const kindOf: EdgeKind = kind === 'parallel' ? 'branch' : 'next';
      return branches
        .flatMap(({ steps }) => walk(steps, [{ from: path, label: '', kind: kindOf }], graph))
        .map((exit) => ({ ...exit, kind: 'next' as const }));
    }
  }
}

/** Adds a node for each case of a `choose`. The node shows the condition, which would be too long for an edge label. */
function chooseExits({ path, branches }: FlowStep, graph: GraphModel): Exit[] {
  const exits: Exit[] = [];
  const last = branches.at(-1);
  for (const [index, { name, steps }] of branches.entries()) {
    const isElse = name === 'else';
    const id = isElse ? `${path}.else` : `${path}.choose[${index}]`;
    graph.nodes.push(nodeOf({ path: id, kind: isElse ? 'else' : 'when', detail: isElse ? '' : name.slice(5) }));
    connect([{ from: path, label: '', kind: 'branch' }], id, graph);
    exits.push(...walk(steps, [exitOf(id)], graph));
  }
  if (last?.name !== 'else') exits.push({ from: path, label: 'no case matches', kind: 'branch' });
  return exits;
}

/**
 * Returns the definition path that corresponds to the path of a step in a run. Only the numbers of loop passes are
 * removed: `repeat[3].sequence` becomes `repeat.sequence`.
 */
export const placeInDefinition = (path: string): string => path.replaceAll(/\.repeat\[\d+\]/g, '.repeat');

/** The outcome of one place in the definition during a run. */
export interface PlaceOutcome {
  status: string;
  /** Number of steps of the run at this place. Greater than 1 only inside loops. */
  passes: number;
  /** Number of these steps with this status. */
  count: number;
  /** Path of the step to show: the last step with this status. */
  path: string;
}

/** Statuses in descending order of importance. A place shows the most important status among its passes. */
const TELLING = ['failed', 'waiting', 'running', 'cancelled', 'pending', 'success', 'skipped'];

/**
 * Returns the outcomes of a run's steps by their place in the definition. All loop passes of a step count as one place.
 */
export function outcomesByPlace(steps: readonly { path: string; status: string }[]): Map<string, PlaceOutcome> {
  const found = new Map<string, PlaceOutcome>();
  const rank = (status: string) => TELLING.indexOf(status);
  for (const { path, status } of steps) {
    const place = placeInDefinition(path);
    const before = found.get(place);
    const isKept = before !== undefined && rank(before.status) < rank(status);
    const count = before?.status === status ? before.count + 1 : 1;
    found.set(place, { ...(isKept ? before : { status, path, count }), passes: (before?.passes ?? 0) + 1 });
  }
  return found;
}

/** Returns an outcome as text, e.g. `failed`, `3 × success`, or `20 of 4,999 failed`. */
export function outcomeText({ status, passes, count }: PlaceOutcome): string {
  const name = status.replaceAll('_', ' ');
  if (passes === 1) return name;
  const all = passes.toLocaleString('en-US');
  return count === passes ? `${all} × ${name}` : `${count.toLocaleString('en-US')} of ${all} ${name}`;
}
