import { useEffect, useRef, useState } from 'react';
import { useSearchParams } from '../lib/search';

/** Delay in milliseconds between the last keystroke and the search. */
const PAUSE_MS = 250;

interface SearchBoxProps {
  label: string;
  placeholder: string;
  /** Search parameter that contains the text in the address. Default: `q`. */
  name?: string;
  /**
   * Returns whether `text` may be searched while the user is still typing. Enter searches any text. Default: any text
   * may be searched.
   */
  isComplete?(text: string): boolean;
}

/**
 * A search field. It stores the text in the address shortly after the last keystroke, and immediately on Enter or when
 * the field is emptied. The address is replaced, so that typing adds no history entries.
 */
export function SearchBox({ label, placeholder, name = 'q', isComplete = () => true }: SearchBoxProps) {
  const [search, set] = useSearchParams();
  const { text, type, send } = useTyped(search[name] ?? '', (next) => set({ [name]: next }), isComplete);
  return (
    <form
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        send(text);
      }}
    >
      <input
        type="search"
        aria-label={label}
        placeholder={placeholder}
        value={text}
        onChange={(event) => type(event.target.value)}
      />
    </form>
  );
}

/**
 * Keeps the typed text, and passes it to `onSearch` after a pause. `given` is the text in the address. The address
 * changes some time after the call to `onSearch`, and the user may have continued to type by then. The typed text is
 * therefore replaced only if the text in the address was not typed here, e.g. after the Back button was pressed.
 */
function useTyped(given: string, onSearch: (text: string) => void, isComplete: (text: string) => boolean) {
  const [text, setText] = useState(given);
  /** Search texts passed to `onSearch` that have not reached the address yet, in the order of the calls. */
  const sent = useRef<string[]>([]);
  const timer = useRef<number>(undefined);
  /** The text in the address when it last changed. */
  const seen = useRef(given);
  const search = useRef(onSearch);
  search.current = onSearch;
  useEffect(() => () => window.clearTimeout(timer.current), []);
  useEffect(() => {
    if (given === seen.current) return;
    seen.current = given;
    const index = sent.current.indexOf(given);
    sent.current = sent.current.slice(index + 1);
    if (index >= 0) return;
    window.clearTimeout(timer.current);
    sent.current = [];
    setText(given);
  }, [given]);
  const send = (typed: string) => {
    window.clearTimeout(timer.current);
    const next = typed.trim();
    if (next === (sent.current.at(-1) ?? seen.current)) return;
    sent.current.push(next);
    search.current(next);
  };
  const type = (typed: string) => {
    setText(typed);
    window.clearTimeout(timer.current);
    if (typed === '') return send('');
    timer.current = window.setTimeout(() => {
      if (isComplete(typed.trim())) send(typed);
    }, PAUSE_MS);
  };
  return { text, type, send };
}
