import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Box, BoxEdge } from '../../ui/graph/box';
import { Graph } from '../../ui/graph/graph';
import { Empty, Loaded, Panel } from '../../ui/page';
import { toneOf } from '../../ui/status';
import { readCatalogue, type Health } from './read-all';
import { HealthStatus } from './system-health';

/** Wide enough for a status and the mark of a maintenance. */
const SIZE = { width: 220, height: 50 };
/**
 * Maximum number of dependencies that the map labels with their impact. If there are more, none is labelled, because
 * labels make the layout of a large map four times as slow.
 */
const MAX_LABELLED = 150;
/** Maximum number of systems without dependencies to draw. They appear below the others. */
const MAX_ALONE = 24;

type Catalogue = Awaited<ReturnType<typeof readCatalogue>>;

/** A map of systems with their health. Each system is connected to the systems on its right that it depends on. */
export function SystemMap({ q }: { q: string | undefined }) {
  const query = useQuery({
    queryKey: ['systems', 'map', q],
    placeholderData: keepPreviousData,
    queryFn: () => readCatalogue(q),
  });
  return <Loaded query={query}>{(catalogue) => <Drawn catalogue={catalogue} />}</Loaded>;
}

function Drawn({ catalogue }: { catalogue: Catalogue }) {
  const navigate = useNavigate();
  const { boxes, edges, leftOut } = useMemo(() => drawn(catalogue), [catalogue]);
  if (boxes.length === 0)
    return (
      <div className="panel">
        <Empty>No systems to show. Alerts and check results create systems.</Empty>
      </div>
    );
  return (
    <Panel title="Map of systems" aside={<span className="hint">systems depend on those to their right</span>}>
      <Graph
        label="Map of systems"
        boxes={boxes}
        edges={edges}
        direction="RIGHT"
        onChoose={(id) => void navigate({ to: '/systems/$id', params: { id }, search: {} })}
      />
      {leftOut > 0 && (
        <p className="pad hint">
          {leftOut} {leftOut === 1 ? 'system' : 'systems'} without dependencies {leftOut === 1 ? 'is' : 'are'} not
          shown. The list shows all systems.
        </p>
      )}
      {edges.length > MAX_LABELLED && (
        <p className="pad hint">
          Impact labels are hidden on maps with more than {MAX_LABELLED} dependencies. Open a system to see the impact.
        </p>
      )}
      {!catalogue.isWhole && (
        <p className="pad hint">The map is incomplete. Search for a system to see its neighbours.</p>
      )}
    </Panel>
  );
}

function drawn({ systems, dependencies, health }: Catalogue): { boxes: Box[]; edges: BoxEdge[]; leftOut: number } {
  const known = new Set(systems.map(({ id }) => id));
  const drawnEdges = dependencies.filter(
    ({ sourceSystemId, targetSystemId }) => known.has(sourceSystemId) && known.has(targetSystemId),
  );
  const joined = new Set(drawnEdges.flatMap(({ sourceSystemId, targetSystemId }) => [sourceSystemId, targetSystemId]));
  // If there are too many systems, leave out healthy systems.
  const isFine = (id: string) => health.get(id)?.status === 'healthy';
  const alone = systems.filter(({ id }) => !joined.has(id)).sort((a, b) => Number(isFine(a.id)) - Number(isFine(b.id)));
  const shown = [...systems.filter(({ id }) => joined.has(id)), ...alone.slice(0, MAX_ALONE)];
  return {
    boxes: shown.map(({ id, name }) => boxOf(id, name, health.get(id))),
    edges: drawnEdges.map(({ id, sourceSystemId, targetSystemId, impactType }) => ({
      ...{ id, source: sourceSystemId, target: targetSystemId },
      label: drawnEdges.length > MAX_LABELLED ? '' : impactType,
      className: impactType === 'informational' ? 'untaken' : '',
    })),
    leftOut: Math.max(0, alone.length - MAX_ALONE),
  };
}

function boxOf(id: string, name: string, health: Health | undefined): Box {
  const word = health === undefined ? 'no checks' : health.status;
  return {
    ...{ id, ...SIZE },
    label: `${name}, ${word}${health?.inMaintenance === true ? ', in maintenance' : ''}`,
    className: `system ${health === undefined ? '' : toneOf(health.status)}`,
    body: (
      <>
        <span className="graph-title">{name}</span>
        <span className="graph-head">
          {health === undefined ? <span className="faint">no checks</span> : <HealthStatus health={health} />}
        </span>
      </>
    ),
  };
}
