import { lazy, Suspense } from 'react';
import type { CanvasProps } from './box';
import { GraphLoading } from './graph-loading';

const Canvas = lazy(() => import('./canvas'));

/** Shows a graph. Its code and the layout engine are loaded when the first graph is shown. */
export function Graph(props: CanvasProps) {
  return (
    <Suspense fallback={<GraphLoading />}>
      <Canvas {...props} />
    </Suspense>
  );
}
