import { Check, Copy } from 'lucide-react';
import { useState } from 'react';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Returns a short form of an id. For a UUID, these are its last characters, because UUIDs created within the same hour
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

/** A shortened id, or the name of what it identifies, with a button that copies the full id. */
export function CopyId({ id, short = 12, name }: CopyIdProps) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(id).then(() => {
      setCopied(true);
      window.setTimeout(() => setCopied(false), 1_200);
    });
  };
  const label = name == null ? `Copy ${id}` : `${name}: copy ${id}`;
  return (
    <button type="button" className="copy" title={`${id} (copy)`} aria-label={label} onClick={copy}>
      {name == null ? <code>{shortId(id, short)}</code> : <span>{name}</span>}
      {copied ? <Check size={12} aria-hidden /> : <Copy size={12} aria-hidden />}
    </button>
  );
}
