import type { KubernetesClient, KubernetesConnection, KubernetesWatch } from '../client';
import { Expired, listEvents, watchEvents, type Batch, type Source } from './watch-stream';

const config = {} as KubernetesConnection;
const eventOf = (name: string, version: number) => ({
  metadata: { name, resourceVersion: String(version) },
  involvedObject: { kind: 'Pod', name },
});
const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`;
const sourceOf = (more: Partial<Source>): Source => ({
  ...{ config, namespace: '', signal: new AbortController().signal, now: new Date() },
  ...{ kubernetes: () => Promise.reject(new Error('no list')), watch: () => Promise.reject(new Error('no watch')) },
  ...more,
});

/** Returns a watch that delivers `text` in pieces of the given size. */
const sending =
  (text: string, size: number): KubernetesWatch =>
  async (_config, _call, { onText }) => {
    for (let at = 0; at < text.length; at += size) await onText(text.slice(at, at + size));
  };

it.each([1, 7, 10_000])('reads lines that arrive in pieces of %i characters', async (size) => {
  const bookmark = { metadata: { resourceVersion: '30' } };
  const text = line('ADDED', eventOf('ä', 11)) + line('DELETED', eventOf('old', 12)) + line('BOOKMARK', bookmark);
  const batches: Batch[] = [];
  const source = sourceOf({ watch: sending(text, size) });
  await watchEvents(source, '10', (batch) => Promise.resolve(void batches.push(batch)));
  expect(batches.flatMap(({ events }) => events.map(({ metadata }) => metadata.name))).toEqual(['ä']);
  expect(batches.at(-1)?.to).toBe('30');
});

it('delivers the changes before a 410 and then reports it', async () => {
  const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
  const text = line('MODIFIED', eventOf('a', 11)) + line('ERROR', gone);
  const batches: Batch[] = [];
  const watching = watchEvents(sourceOf({ watch: sending(text, 10_000) }), '10', (batch) =>
    Promise.resolve(void batches.push(batch)),
  );
  await expect(watching).rejects.toBeInstanceOf(Expired);
  expect(batches.map(({ to }) => to)).toEqual(['11']);
});

it('fails for lines that are not changes', async () => {
  const watching = watchEvents(sourceOf({ watch: sending('<html>\n', 100) }), '10', () => Promise.resolve());
  await expect(watching).rejects.toMatchObject({ code: 'provider_failed', retryable: true });
});

it('lists all pages, keeps later events, and sorts them', async () => {
  const queries: unknown[] = [];
  const kubernetes = ((_config, _call, { query }, answer) => {
    queries.push(query);
    const isFirst = query?.['continue'] === undefined;
    const metadata = isFirst ? { resourceVersion: '50', continue: 'next' } : { resourceVersion: '50', continue: '' };
    const items = isFirst ? [eventOf('late', 40), eventOf('old', 10)] : [eventOf('early', 20)];
    return Promise.resolve(answer.parse({ metadata, items }));
  }) as KubernetesClient;
  const { events, to } = await listEvents(sourceOf({ kubernetes }), '10');
  expect([events.map(({ metadata }) => metadata.name), to]).toEqual([['early', 'late'], '50']);
  expect(queries).toEqual([{ limit: '500' }, { limit: '500', continue: 'next' }]);
});

it('begins a watch with events from now on', async () => {
  const kubernetes = ((_config, _call, _request, answer) =>
    Promise.resolve(
      answer.parse({ metadata: { resourceVersion: '50', continue: 'next' }, items: [eventOf('a', 40)] }),
    )) as KubernetesClient;
  expect(await listEvents(sourceOf({ kubernetes }), null)).toEqual({ events: [], to: '50' });
});
