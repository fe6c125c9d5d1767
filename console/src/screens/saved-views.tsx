import { Link } from '@tanstack/react-router';
import { Bookmark, X } from 'lucide-react';
import { useState } from 'react';
import { isRecord } from '../lib/records';
import type { Search } from '../lib/search';

interface View {
  name: string;
  search: Record<string, string>;
}
const KEY = 'fermata.views.runs';

function readViews(): View[] {
  try {
    const kept: unknown = JSON.parse(window.localStorage.getItem(KEY) ?? '[]');
    if (!Array.isArray(kept)) return [];
    return kept.filter(isRecord).flatMap(({ name, search }) => {
      if (typeof name !== 'string' || !isRecord(search)) return [];
      const texts = Object.entries(search).filter((each): each is [string, string] => typeof each[1] === 'string');
      return [{ name, search: Object.fromEntries(texts) }];
    });
  } catch {
    return [];
  }
}

/** Links to named sets of filters, which are stored in this browser. */
export function SavedViews({ search }: { search: Search }) {
  const [views, setViews] = useState(readViews);
  const [name, setName] = useState<string>();
  const keep = (next: View[]) => {
    setViews(next);
    try {
      window.localStorage.setItem(KEY, JSON.stringify(next));
    } catch {
      // Local storage is full or blocked. The views are lost when the page is closed.
    }
  };
  const save = () => {
    const trimmed = (name ?? '').trim();
    if (trimmed === '') return;
    const given = Object.entries(search).filter((each): each is [string, string] => each[1] !== undefined);
    keep([...views.filter((view) => view.name !== trimmed), { name: trimmed, search: Object.fromEntries(given) }]);
    setName(undefined);
  };
  const filtered = Object.keys(search).length > 0;
  return (
    <div className="chips" role="group" aria-label="Saved views">
      {views.map((view) => (
        <span key={view.name} className="saved-view">
          <Link className="button" to="/runs" search={view.search} activeOptions={{ exact: true }}>
            <Bookmark size={14} aria-hidden /> {view.name}
          </Link>
          <button
            type="button"
            className="icon"
            aria-label={`Remove the view ${view.name}`}
            onClick={() => keep(views.filter((each) => each !== view))}
          >
            <X size={12} aria-hidden />
          </button>
        </span>
      ))}
      {filtered && name === undefined && (
        <button type="button" onClick={() => setName('')}>
          <Bookmark size={14} aria-hidden /> Save this view
        </button>
      )}
      {name !== undefined && <NameForm name={name} onChange={setName} onSubmit={save} />}
    </div>
  );
}

interface NameFormProps {
  name: string;
  onChange(name: string): void;
  onSubmit(): void;
}

function NameForm({ name, onChange, onSubmit }: NameFormProps) {
  return (
    <form
      className="chips"
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <input
        aria-label="Name of the view"
        placeholder="Name of the view"
        value={name}
        autoFocus
        onChange={(event) => onChange(event.target.value)}
      />
      <button type="submit">Save</button>
    </form>
  );
}
