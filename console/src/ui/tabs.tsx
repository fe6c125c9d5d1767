import { useRef, type KeyboardEvent, type ReactNode } from 'react';
import { useKeepInView } from '../lib/keep-in-view';
import { useSearchParams } from '../lib/search';

/** Tabs that divide a screen. The address contains the chosen tab. */
export function Tabs({ tabs }: { tabs: readonly { id: string; name: string; body: () => ReactNode }[] }) {
  const [search, set] = useSearchParams();
  const chosen = tabs.find(({ id }) => id === search['tab']) ?? tabs[0];
  const row = useRef<HTMLDivElement>(null);
  useKeepInView(row, '[aria-selected=true]', chosen?.id ?? '');
  return (
    <>
      <div className="tabs" role="tablist" ref={row} onKeyDown={moveFocus}>
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

/** Moves the focus to the previous or next tab when an arrow key is pressed. */
function moveFocus(event: KeyboardEvent<HTMLDivElement>): void {
  const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
  if (step === 0) return;
  const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')];
  const at = tabs.findIndex((tab) => tab === document.activeElement);
  tabs[(at + step + tabs.length) % tabs.length]?.focus();
}
