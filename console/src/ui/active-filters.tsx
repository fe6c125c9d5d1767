import { X } from 'lucide-react';
import { useSearchParams } from '../lib/search';
import { shortId } from './copy';

/** Shows the filters in the address for which the screen has no control. Pressing a filter removes it. */
export function ActiveFilters({ names }: { names: Readonly<Record<string, string>> }) {
  const [search, set] = useSearchParams();
  const active = Object.entries(names).flatMap(([name, label]) => {
    const value = search[name];
    return value === undefined ? [] : [{ name, label, value }];
  });
  if (active.length === 0) return null;
  return (
    <div className="chips active-filters" role="group" aria-label="Filters">
      {active.map(({ name, label, value }) => (
        <button key={name} type="button" onClick={() => set({ [name]: undefined })} title="Remove this filter">
          {label} {shortId(value, 32)} <X size={12} aria-hidden />
        </button>
      ))}
    </div>
  );
}
