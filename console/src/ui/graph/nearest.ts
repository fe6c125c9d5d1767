/** The centre of a node. */
interface Place {
  id: string;
  x: number;
  y: number;
}

/** Weight of the distance at right angles to the direction of the arrow key. */
const ASIDE = 2;

/** Returns the id of the nearest node in the direction of an arrow key, or undefined if there is none. */
export function nearestInDirection(places: readonly Place[], from: string, key: string): string | undefined {
  const start = places.find(({ id }) => id === from);
  if (start === undefined) return undefined;
  const isAcross = key === 'ArrowLeft' || key === 'ArrowRight';
  const sign = key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1;
  let best: { id: string; distance: number } | undefined;
  for (const { id, x, y } of places) {
    const [along, aside] = isAcross ? [x - start.x, y - start.y] : [y - start.y, x - start.x];
    if (along * sign <= 1) continue;
    const distance = along * sign + Math.abs(aside) * ASIDE;
    if (best === undefined || distance < best.distance) best = { id, distance };
  }
  return best?.id;
}
