import { Check, Copy } from 'lucide-react';
import { useState } from 'react';

/** An id in short, copied whole. */
export function CopyId({ id, short = 8 }: { id: string; short?: number }) {
  const [copied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard.writeText(id).then(() => {
      setCopied(true);
      window.setTimeout(() => setCopied(false), 1_200);
    });
  };
  const text = id.length > short + 4 ? `${id.slice(0, short)}…` : id;
  return (
    <button type="button" className="copy" title={`${id} (copy)`} aria-label={`Copy ${id}`} onClick={copy}>
      <code>{text}</code>
      {copied ? <Check size={12} aria-hidden /> : <Copy size={12} aria-hidden />}
    </button>
  );
}
