import { readServerSentEvents, type ServerSentEvent } from './server-sent-events';

async function read(...chunks: string[]): Promise<ServerSentEvent[]> {
  async function* body() {
    for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
  }
  const events: ServerSentEvent[] = [];
  for await (const event of readServerSentEvents(body())) events.push(event);
  return events;
}

describe('readServerSentEvents', () => {
  it('reads events with id, name and data, and skips comments and the retry hint', async () => {
    const events = await read('retry: 1000\n\n: heartbeat\n\nid: 7\nevent: run\ndata: {"a":1}\n\n');
    expect(events).toEqual([{ id: '7', name: 'run', data: '{"a":1}' }]);
  });

  it('joins text that was split between chunks, even within a character', async () => {
    const bytes = Buffer.from('id: 1\ndata: größer\n\n').toString('latin1');
    const events = await read(...bytes.split(''));
    expect(events).toEqual([{ id: '1', name: 'message', data: 'größer' }]);
  });

  it('joins lines of data, and ignores an incomplete event', async () => {
    expect(await read('data: a\ndata: b\n\ndata: c\n')).toEqual([{ id: undefined, name: 'message', data: 'a\nb' }]);
  });
});
