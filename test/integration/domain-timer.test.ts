import { sql } from 'drizzle-orm';
import { createEntityStore } from '../../src/db/entity-store';
import { systemClock, uuidV7 } from '../../src/domain/clock';
import { createRegistry } from '../../src/domain/registry/registry';
import { createDomainTimer } from '../../src/engine/domain-timer';
import { createLogger } from '../../src/log';
import { useDatabase } from '../support/database';
import { testPlugins } from '../support/plugins';
import { until } from '../support/until';

describe('work of the domains that is due at a certain time', () => {
  const database = useDatabase();

  it('is done although the work of another domain fails', async () => {
    const done: string[] = [];
    const timer = createDomainTimer({
      database,
      entities: createEntityStore({ registry: createRegistry(testPlugins()), clock: systemClock, ids: uuidV7 }),
      ...{ notifier: { changes: () => undefined }, log: createLogger({ level: 'silent', name: 'test' }) },
      more: [
        {
          due: () => sql`true`,
          work: () => {
            done.push('fails');
            return Promise.reject(new Error('a row cannot be read'));
          },
        },
        {
          due: () => sql`true`,
          work: () => {
            done.push('works');
            return Promise.resolve(0);
          },
        },
      ],
    });
    await until('the work is done', () => done.includes('works'));
    expect(done).toEqual(['fails', 'works']);
    await timer.stop();
  });
});
