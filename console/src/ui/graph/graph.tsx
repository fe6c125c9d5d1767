import { lazy, Suspense } from 'react';
import { Loading } from '../page';
import type { CanvasProps } from './box';

const Canvas = lazy(() => import('./canvas'));

/** A graph on a canvas; its code and the layout are loaded when one is first shown. */
export function Graph(props: CanvasProps) {
  return (
    <Suspense fallback={<Loading rows={8} />}>
      <Canvas {...props} />
    </Suspense>
  );
}
