import { Loading } from '../page';

/** A placeholder as high as the canvas, so that the content below does not move when the graph appears. */
export function GraphLoading() {
  return (
    <div className="graph-loading">
      <Loading rows={8} />
    </div>
  );
}
