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

/** A shortened id with a button that copies the full id. */
export function CopyId({ id, short = 12 }: { id: string; short?: number }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(id).then(() => {
      setCopied(true);
      window.setTimeout(() => setCopied(false), 1_200);
    });
  };
  const text = shortId(id, short);
  return (
    <button type="button" className="copy" title={`${id} (copy)`} aria-label={`Copy ${id}`} onClick={copy}>
      <code>{text}</code>
      {copied ? <Check size={12} aria-hidden /> : <Copy size={12} aria-hidden />}
    </button>
  );
}
