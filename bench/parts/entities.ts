import { sql } from 'drizzle-orm';
import type { Figure } from '../figure';
import type { Platform } from '../platform';
import { startStack, type Stack } from '../stack';
import type { Plan } from './plan';

/** Maximum number of concurrent requests. */
const WRITERS = 20;

/**
 * Measures part j: writing entity states through the API. Each write creates transitions and a row in the change log.
 */
export async function measureEntities(
  platform: Platform,
  { writes }: Plan,
  say: (message: string) => void,
): Promise<Figure[]> {
  const stack = await startStack(platform, 'entities');
  try {
    await stack.send('PUT', '/api/v1/entity-kinds/lamp', { schema: { type: 'object' } });
    await writeAll(stack, 'warm', writes / 5, (n) => `warm-${n}`);
    const figures: Figure[] = [];
    for (const { what, least, id } of [
      { what: 'on distinct entities', least: 500, id: (n: number) => `lamp-${n % 1_000}` },
      { what: 'on one entity', least: 150, id: () => 'one' },
    ]) {
      say(`writing ${writes} states ${what}`);
      const rate = await writeAll(stack, what, writes, id);
      const target = { text: `≥ ${least}`, met: rate >= least };
      figures.push({ part: 'j', what: `states written ${what}`, unit: 'per s', fermata: rate, raw: null, target });
    }
    const gaps = await stack.database.db.execute<{ n: number }>(sql`
      select count(*)::int as n from (
        select prev, lag(next) over (partition by entity_id order by seq) as before,
          row_number() over (partition by entity_id order by seq) as place
        from changes where kind = 'lamp') c
      where place > 1 and prev is distinct from before`);
    const n = gaps.rows[0]?.n ?? NaN;
    const none = { text: 'none', met: n === 0 };
    figures.push({
      part: 'j',
      what: 'changes that do not follow on the one before',
      unit: '',
      fermata: n,
      raw: null,
      target: none,
    });
    return figures;
  } finally {
    await stack.stop();
  }
}

async function writeAll(stack: Stack, mark: string, count: number, id: (n: number) => string): Promise<number> {
  const began = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const n = (next += 1);
      await stack.send('PUT', `/api/v1/entities/lamp/${id(n)}`, { status: n % 2 === 0 ? 'on' : 'off', mark, n });
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, lane));
  return (count * 1_000) / (performance.now() - began);
}
