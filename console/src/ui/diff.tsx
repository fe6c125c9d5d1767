/** Shows a unified diff. Signs and colours distinguish old lines from new lines. */
export function Diff({ unified, equal }: { unified: string; equal: string }) {
  if (unified.trim() === '') return <p className="pad faint">{equal}</p>;
  const lines = unified
    .trimEnd()
    .split('\n')
    .filter((line) => !/^(Index: |={5,}|--- |\+\+\+ )/.test(line));
  return (
    <pre className="diff" tabIndex={0} role="region" aria-label="Difference">
      {lines.map((line, index) => (
        <span key={index} className={kindOf(line)}>
          {line}
          {'\n'}
        </span>
      ))}
    </pre>
  );
}

function kindOf(line: string): string {
  if (line.startsWith('@@')) return 'd-place';
  return line.startsWith('+') ? 'd-new' : line.startsWith('-') ? 'd-old' : '';
}
