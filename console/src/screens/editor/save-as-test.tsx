import { FileDown } from 'lucide-react';
import { testOf, type Tried } from './test-file';

interface SaveAsTestProps {
  name: string;
  definition: unknown;
  event: string;
  tried: Tried;
}

/** A button that downloads a dry run and its outcome as a file for `fermata test`. */
export function SaveAsTest({ name, definition, event, tried }: SaveAsTestProps) {
  const text = testOf({ name, definition, event, tried });
  if (text === undefined) return null;
  const download = () => {
    const url = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
    const link = document.createElement('a');
    link.href = url;
    link.download = `${name
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 60)}.test.yaml`;
    link.click();
    URL.revokeObjectURL(url);
  };
  return (
    <button type="button" onClick={download}>
      <FileDown size={14} aria-hidden /> Save as test
    </button>
  );
}
