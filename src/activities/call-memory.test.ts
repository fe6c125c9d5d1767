import { drizzle } from 'drizzle-orm/node-postgres';
import { createMask } from '../domain/secrets/mask-values';
import { callMemory } from './call-memory';

/** Returns a call's memory, and the statements that its writes execute. */
function memoryOf(connectionId: string | undefined) {
  const statements: string[] = [];
  const query = (text: unknown, values: unknown) => {
    statements.push(JSON.stringify([text, values]));
    return Promise.resolve({ rows: [], rowCount: 0 });
  };
  const db = drizzle({ client: { query } as never });
  let persisted = 0;
  const call = { mask: createMask(['hunter2-hunter2']), idempotencyKey: 'r:actions[0]', connectionId };
  const memory = callMemory(db, call, (write) => {
    persisted += 1;
    return write();
  });
  return { ...memory, statements, persisted: () => persisted };
}

describe('the memory of a call', () => {
  it('masks secrets in progress and facts, and writes both with the given retry function', async () => {
    const { progress, memory, statements, persisted } = memoryOf('c1');
    await progress.write({ token: 'hunter2-hunter2', page: 3 });
    await memory.remember('limit', 'hunter2-hunter2');
    expect(statements).toHaveLength(2);
    expect(statements.join()).not.toContain('hunter2');
    expect(statements[0]).toContain('r:actions[0]');
    expect(statements[1]).toContain('c1');
    expect(persisted()).toBe(2);
  });

  it('stores nothing about a provider for an action without a connection', async () => {
    const { memory, statements } = memoryOf(undefined);
    await memory.remember('limit', 5);
    expect(await memory.recall('limit')).toBeNull();
    expect(statements).toEqual([]);
  });
});
