import { Loading } from '../page';

/** As high as the canvas, so that nothing below moves when the graph is there. */
export function GraphLoading() {
  return (
    <div className="graph-loading">
      <Loading rows={8} />
    </div>
  );
}
