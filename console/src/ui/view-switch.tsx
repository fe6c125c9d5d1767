import { List, Workflow } from 'lucide-react';
import { useSearchParams } from '../lib/search';

/** Returns whether the address selects the graph or map view. The default is the list view. */
export function useGraphView(other: 'graph' | 'map' = 'graph'): boolean {
  const [search] = useSearchParams();
  return search['view'] === other;
}

/** A switch between the list view and the graph or map view. The address contains the choice. */
export function ViewSwitch({ other = 'graph' }: { other?: 'graph' | 'map' }) {
  const [, set] = useSearchParams();
  const isOther = useGraphView(other);
  return (
    <div className="chips" role="group" aria-label="View">
      <button type="button" className="small" aria-pressed={!isOther} onClick={() => set({ view: undefined })}>
        <List size={12} aria-hidden /> List
      </button>
      <button type="button" className="small" aria-pressed={isOther} onClick={() => set({ view: other })}>
        <Workflow size={12} aria-hidden /> {other === 'map' ? 'Map' : 'Graph'}
      </button>
    </div>
  );
}
