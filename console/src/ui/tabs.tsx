import type { ReactNode } from 'react';
import { useSearchParams } from '../lib/search';

/** Parts of a screen that do not fit beside each other; the chosen one stands in the address. */
export function Tabs({ tabs }: { tabs: readonly { id: string; name: string; body: () => ReactNode }[] }) {
  const [search, set] = useSearchParams();
  const chosen = tabs.find(({ id }) => id === search['tab']) ?? tabs[0];
  return (
    <>
      <div className="tabs" role="tablist">
        {tabs.map(({ id, name }) => (
          <button
            key={id}
            type="button"
            role="tab"
            aria-selected={id === chosen?.id}
            onClick={() => set({ tab: id === tabs[0]?.id ? undefined : id })}
          >
            {name}
          </button>
        ))}
      </div>
      <div role="tabpanel" aria-label={chosen?.name}>
        {chosen?.body()}
      </div>
    </>
  );
}
