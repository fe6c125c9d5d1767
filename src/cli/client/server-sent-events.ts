/** An event of a stream. */
export interface ServerSentEvent {
  /** Position after which the stream can be resumed. */
  id: string | undefined;
  name: string;
  data: string;
}

/** Reads a `text/event-stream`. An empty line ends an event. Comments and unknown fields are skipped. */
export async function* readServerSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  let event: Fields = { data: [] };
  for await (const chunk of body) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') {
        read(line, event);
      } else {
        if (event.data.length > 0) yield { id: event.id, name: event.name ?? 'message', data: event.data.join('\n') };
        event = { data: [] };
      }
    }
  }
}

interface Fields {
  id?: string;
  name?: string;
  data: string[];
}

function read(line: string, event: Fields): void {
  const colon = line.indexOf(':');
  const field = colon === -1 ? line : line.slice(0, colon);
  const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
  if (field === 'id') event.id = value;
  else if (field === 'event') event.name = value;
  else if (field === 'data') event.data.push(value);
}
