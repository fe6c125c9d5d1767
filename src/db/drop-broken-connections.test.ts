import { EventEmitter } from 'node:events';
import type pg from 'pg';
import { createConnectionWatch } from './drop-broken-connections';

/** A client of a pool. The test decides when its statements end. */
class FakeClient extends EventEmitter {
  isClosed = false;
  hasEnded = false;
  readonly connection = { stream: { destroy: () => void (this.isClosed = true) } };
  private readonly waiting: { resolve: (result: unknown) => void; reject: (error: Error) => void }[] = [];

  query(_text: string, callback?: (error: Error | null, result?: unknown) => void): Promise<unknown> | undefined {
    if (callback === undefined) return new Promise((resolve, reject) => void this.waiting.push({ resolve, reject }));
    this.waiting.push({ resolve: (result) => callback(null, result), reject: (error) => callback(error) });
    return undefined;
  }

  end(): Promise<void> {
    this.hasEnded = true;
    return Promise.resolve();
  }

  async answer(error?: Error): Promise<void> {
    const next = this.waiting.shift();
    if (error) next?.reject(error);
    else next?.resolve({});
    await Promise.resolve();
    await Promise.resolve();
  }
}

const NO_ANSWER = new Error('Query read timeout');
const GRACE_MS = 8_000;

describe('connections of a pool', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  const pool = () => {
    const reasons: string[] = [];
    const watch = createConnectionWatch((reason) => reasons.push(reason));
    const of = (fake: FakeClient) => fake as unknown as pg.PoolClient;
    const connect = () => {
      const client = new FakeClient();
      watch.watch(of(client));
      watch.acquired(of(client));
      return client;
    };
    const release = (client: FakeClient) => watch.released(of(client));
    const take = (client: FakeClient) => watch.acquired(of(client));
    return { reasons, suspect: watch.suspect, connect, release, take };
  };
  const query = (client: FakeClient) => void client.query('select 1')?.catch(() => undefined);
  const closed = (...clients: FakeClient[]) => clients.map(({ isClosed }) => isClosed);

  it('are closed immediately if one of them gets no answer: that connection and all idle connections', async () => {
    const { connect, release, reasons } = pool();
    const [silent, idle] = [connect(), connect()];
    release(idle);
    query(silent);
    await silent.answer(NO_ANSWER);
    expect([closed(silent, idle), reasons]).toEqual([[true, true], ['no_answer']]);
  });

  it('in use are closed 8 s later unless they have received a response, which may be an error', async () => {
    const { connect, suspect, reasons } = pool();
    const [silent, answering, refusing, withCallback] = [connect(), connect(), connect(), connect()];
    for (const client of [silent, answering, refusing]) query(client);
    void withCallback.query('select 1', () => undefined);
    suspect();
    await answering.answer();
    await refusing.answer(new Error('duplicate key'));
    await withCallback.answer();
    jest.advanceTimersByTime(GRACE_MS - 1);
    expect(closed(silent, answering, refusing, withCallback)).toEqual([false, false, false, false]);
    jest.advanceTimersByTime(1);
    expect(closed(silent, answering, refusing, withCallback)).toEqual([true, false, false, false]);
    expect(reasons).toEqual(['1 gave no answer after another one was found to be cut']);
  });

  it('are also closed if their last response was earlier', async () => {
    const { connect, suspect } = pool();
    const client = connect();
    query(client);
    await client.answer();
    suspect();
    jest.advanceTimersByTime(GRACE_MS);
    expect(closed(client)).toEqual([true]);
  });

  it('stay open if they have been returned or opened since then', () => {
    const { connect, release, take, suspect } = pool();
    const [before, again] = [connect(), connect()];
    suspect();
    for (const client of [before, again]) release(client);
    take(again);
    const later = connect();
    jest.advanceTimersByTime(GRACE_MS);
    expect(closed(before, again, later)).toEqual([false, false, false]);
  });

  it('stay open after an ordinary error; a connection with a stale plan is closed when it is returned', async () => {
    const { connect, release } = pool();
    const [refusing, stale, idle] = [connect(), connect(), connect()];
    release(idle);
    query(refusing);
    await refusing.answer(new Error('duplicate key'));
    query(stale);
    await stale.answer(Object.assign(new Error('cached plan must not change result type'), { code: '0A000' }));
    expect([closed(refusing, stale, idle), stale.hasEnded]).toEqual([[false, false, false], false]);
    release(stale);
    expect([stale.hasEnded, closed(idle)]).toEqual([true, [false]]);
  });
});
