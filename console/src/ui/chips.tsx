import type { ReactNode } from 'react';
import { useSearchParams } from '../lib/search';
import { Status } from './status';

/** A row of buttons for one filter in the address. Pressing the chosen button again removes the filter. */
export function Chips({
  label,
  name,
  values,
  badge,
}: {
  label: string;
  name: string;
  values: readonly string[];
  badge?: (value: string) => ReactNode;
}) {
  const [search, set] = useSearchParams();
  const chosen = search[name];
  return (
    <div className="chips" role="group" aria-label={label}>
      {values.map((value) => (
        <button
          key={value}
          type="button"
          aria-pressed={chosen === value}
          onClick={() => set({ [name]: chosen === value ? undefined : value })}
        >
          <Status value={value} /> {badge?.(value)}
        </button>
      ))}
    </div>
  );
}
