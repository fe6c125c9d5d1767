import { lazy, Suspense } from 'react';
import type { CanvasProps } from './box';
import { GraphLoading } from './graph-loading';

const Canvas = lazy(() => import('./canvas'));

/** A graph on a canvas; its code and the layout are loaded when one is first shown. */
export function Graph(props: CanvasProps) {
  return (
    <Suspense fallback={<GraphLoading />}>
      <Canvas {...props} />
    </Suspense>
  );
}
