/** Returns the events of a history as text. JSON represents bytes as base64, so the decoded payloads are appended. */
export function historyText(events: unknown): string {
  const json = JSON.stringify(events, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
  const decoded = [...json.matchAll(/"([A-Za-z0-9+/]{4,}={0,2})"/g)].map(([, text = '']) =>
    Buffer.from(text, 'base64').toString('utf8'),
  );
  return [json, ...decoded].join('\n');
}
