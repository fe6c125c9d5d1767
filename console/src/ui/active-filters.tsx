import { X } from 'lucide-react';
import { useSearchParams } from '../lib/search';
import { shortId } from './copy';

interface ActiveFiltersProps {
  /** Labels of the filters, by search parameter in the address. */
  names: Readonly<Record<string, string>>;
  /** Text to show instead of each value in the address, by search parameter. */
  texts?: Readonly<Record<string, string | null | undefined>>;
}

/** Shows the filters in the address for which the screen has no control. Pressing a filter removes it. */
export function ActiveFilters({ names, texts = {} }: ActiveFiltersProps) {
  const [search, set] = useSearchParams();
  const active = Object.entries(names).flatMap(([name, label]) => {
    const value = search[name];
    return value === undefined ? [] : [{ name, label, value }];
  });
  if (active.length === 0) return null;
  return (
    <div className="chips active-filters" role="group" aria-label="Filters">
      {active.map(({ name, label, value }) => (
        <button
          key={name}
          type="button"
          onClick={() => set({ [name]: undefined })}
          title={`${value} (remove this filter)`}
        >
          {label} {texts[name] ?? shortId(value, 32)} <X size={12} aria-hidden />
        </button>
      ))}
    </div>
  );
}
