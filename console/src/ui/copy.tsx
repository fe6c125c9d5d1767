import { Check, Copy, X } from 'lucide-react';
import { useState, type MouseEvent } from 'react';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Returns a short form of an id. A UUID is shortened to its last characters, because UUIDs created within the same hour
 * begin with the same characters.
 */
export function shortId(id: string, short = 12): string {
  if (UUID.test(id)) return `…${id.slice(-8)}`;
  return id.length > short + 4 ? `${id.slice(0, short)}…` : id;
}

interface CopyIdProps {
  id: string;
  /** Number of characters of the id. */
  short?: number;
  /** Display name to show instead of the id. */
  name?: string | null;
}

/**
 * Writes `text` to the clipboard. Browsers offer their clipboard API only to pages served over HTTPS or from localhost.
 * On other pages, the text is copied from a hidden field next to `button`.
 * @throws {Error} when the browser refuses
 */
async function writeClipboard(text: string, button: HTMLElement): Promise<void> {
  if (window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.className = 'sr';
  field.value = text;
  button.after(field);
  field.select();
  // Deprecated, but there is no other way without a secure context.
  const copied = document.execCommand('copy');
  field.remove();
  button.focus();
  if (!copied) throw new Error('The browser refused to copy the text.');
}

const RESULTS = { copied: [Check, 'Copied'], refused: [X, 'Not copied: the browser refused'] } as const;

/** A shortened id, or the name of what it identifies, with a button that copies the full id. */
export function CopyId({ id, short = 12, name }: CopyIdProps) {
  const [result, setResult] = useState<keyof typeof RESULTS>();
  const copy = async (event: MouseEvent<HTMLElement>) => {
    const next = await writeClipboard(id, event.currentTarget).then(
      () => 'copied' as const,
      () => 'refused' as const,
    );
    setResult(next);
    window.setTimeout(() => setResult(undefined), 1_200);
  };
  const [Icon, said] = result === undefined ? [Copy, ''] : RESULTS[result];
  const label = name == null ? `Copy ${id}` : `${name}: copy ${id}`;
  return (
    <span className="copy-id">
      <button
        type="button"
        className="copy"
        title={`${id} (copy)`}
        aria-label={label}
        onClick={(event) => void copy(event)}
      >
        {name == null ? <code>{shortId(id, short)}</code> : <span>{name}</span>}
        <Icon size={12} aria-hidden />
      </button>
      <span className="sr" role="status">
        {said}
      </span>
    </span>
  );
}
