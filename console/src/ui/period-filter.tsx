import { useState } from 'react';
import { useSearchParams } from '../lib/search';

/** Two times in the browser's zone that bound a list. They are part of the address, in UTC. */
export function PeriodFilter({ from = 'from', to = 'to' }: { from?: string; to?: string }) {
  const [search, set] = useSearchParams();
  return (
    <div className="period" role="group" aria-label="Period">
      {([[from, 'From'] as const, [to, 'To'] as const] as const).map(([name, label]) => {
        const given = localText(search[name]);
        return <Instant key={`${name} ${given}`} {...{ label, given }} onChange={(at) => set({ [name]: at })} />;
      })}
    </div>
  );
}

/** A time. It is used when the field is left or with Enter, because a year that is being typed is a valid year too. */
function Instant({ label, given, onChange }: { label: string; given: string; onChange(at: string | undefined): void }) {
  const [text, setText] = useState(given);
  const commit = () => {
    if (text !== given) onChange(text === '' ? undefined : new Date(text).toISOString());
  };
  return (
    <label>
      {label}{' '}
      <input
        type="datetime-local"
        value={text}
        max="9999-12-31T23:59"
        onChange={(event) => setText(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit();
        }}
      />
    </label>
  );
}

/** Returns an instant as the field writes it, in the browser's zone; empty for what is not an instant. */
function localText(at: string | undefined): string {
  const ms = at === undefined ? Number.NaN : Date.parse(at);
  if (Number.isNaN(ms)) return '';
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
