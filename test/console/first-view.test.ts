import { firstView, fitsWhole } from '../../console/src/ui/graph/first-view';

const PANEL = { width: 500, height: 400 };

describe('the initial view of a graph', () => {
  it('shows the whole graph, centred and not enlarged, if it is readable', () => {
    const layout = { width: 200, height: 300 };
    expect(fitsWhole(layout, PANEL)).toBe(true);
    expect(firstView(layout, PANEL, { x: 100, y: 20 })).toEqual({ x: 150, y: 16, zoom: 1 });
  });

  it('shows the part around the focus if the graph is too wide', () => {
    const layout = { width: 4_000, height: 300 };
    expect(fitsWhole(layout, PANEL)).toBe(false);
    const { x, zoom } = firstView(layout, PANEL, { x: 2_000, y: 20 });
    expect(zoom).toBe(0.6);
    expect(x + 2_000 * zoom).toBe(PANEL.width / 2);
  });

  it('leaves no empty space beyond the ends', () => {
    const layout = { width: 4_000, height: 3_000 };
    expect(firstView(layout, PANEL, { x: 0, y: 0 })).toMatchObject({ x: 16, y: 16 });
    const { x, y, zoom } = firstView(layout, PANEL, { x: 4_000, y: 3_000 });
    expect([x + 4_000 * zoom, y + 3_000 * zoom]).toEqual([PANEL.width - 16, PANEL.height - 16]);
  });
});
