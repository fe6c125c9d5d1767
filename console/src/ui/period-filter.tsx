import { useState } from 'react';
import { useSearchParams } from '../lib/search';

/** Two fields for the period of a list, in the browser's time zone. The address contains the times in UTC. */
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

/**
 * A field for a time. The time takes effect on Enter or when the field loses focus. It does not take effect while the
 * user is typing, because an incomplete year is also a valid year.
 */
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

/**
 * Returns an instant as text for the field, in the browser's time zone. Returns an empty string for an invalid instant.
 */
function localText(at: string | undefined): string {
  const ms = at === undefined ? Number.NaN : Date.parse(at);
  if (Number.isNaN(ms)) return '';
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
