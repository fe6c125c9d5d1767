import type { Client } from '@temporalio/client';
import { createReconcileClosed, RECONCILE_CLOSED } from '../../src/activities/housekeeping/reconcile-closed';
import { noteDone, positionOf } from '../../src/db/periodic-work';
import { useDatabase } from '../support/database';

const NOW = '2026-03-01T12:00:00.000Z';
const at = (text: string) => Date.parse(text);

describe('the search for closed executions', () => {
  const database = useDatabase();

  /** Performs one search. Returns the close time after which it searches for executions. */
  async function search(): Promise<string | undefined> {
    let asked = '';
    const list = ({ query }: { query: string }) => {
      asked = query;
      return [];
    };
    const reconcile = createReconcileClosed({
      ...{ database, taskQueue: 'q', clock: { now: () => new Date(NOW) } },
      client: () => ({ workflow: { list } }) as unknown as Client,
      ...{ onRepaired: () => undefined, onRunsToStart: () => undefined },
    });
    await reconcile();
    return /CloseTime > '([^']+)'/.exec(asked)?.[1];
  }

  it('continues a minute before the last search, by the clock of the database', async () => {
    expect(await search()).toBe('2026-03-01T10:59:00.000Z');
    expect(await positionOf(database.db, RECONCILE_CLOSED)).toBe(at(NOW));
    await noteDone(database.db, RECONCILE_CLOSED, at('2026-03-01T11:59:50.000Z'));
    expect(await search()).toBe('2026-03-01T11:58:50.000Z');
  });

  it('continues now if the clock was set back since the last search', async () => {
    await noteDone(database.db, RECONCILE_CLOSED, at('2026-03-01T14:00:00.000Z'));
    expect(await search()).toBe('2026-03-01T11:59:00.000Z');
  });
});
