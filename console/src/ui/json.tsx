/** Shows a value as indented JSON with syntax colours. Long values scroll. */
export function Json({ value, empty = 'nothing' }: { value: unknown; empty?: string }) {
  if (value === null || value === undefined) return <p className="faint">{empty}</p>;
  return (
    <pre className="json" tabIndex={0}>
      {tokensOf(JSON.stringify(value, null, 2)).map(([kind, text], index) => (
        <span key={index} className={kind}>
          {text}
        </span>
      ))}
    </pre>
  );
}

const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Maximum number of characters to colour. Colouring longer text would slow the page down. */
const MAX_COLOURED = 60_000;

function tokensOf(text: string): [string, string][] {
  if (text.length > MAX_COLOURED) return [['', text]];
  const tokens: [string, string][] = [];
  let at = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > at) tokens.push(['', text.slice(at, match.index)]);
    const kind = match[1] !== undefined ? (match[2] === undefined ? 'j-text' : 'j-key') : 'j-value';
    tokens.push([kind, match[0]]);
    at = match.index + match[0].length;
  }
  tokens.push(['', text.slice(at)]);
  return tokens;
}
