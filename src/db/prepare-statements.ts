import { sql } from 'drizzle-orm';
import type { ClientBase } from 'pg';

/** Maximum number of distinct statements that are prepared. Further statements are parsed and planned each time. */
const LIMIT = 500;

const MARK = '/* planned each time */';

/**
 * Marks a statement that is not prepared, so that Postgres plans it each time for its actual values. After five
 * executions of a prepared statement, Postgres may use one plan for all values. If the best plan depends on the values,
 * for example on a status that most rows have or on the length of a period, the shared plan can read the whole table.
 */
export const PLANNED_EACH_TIME = sql.raw(`${MARK} `);

interface QueryConfig {
  text: string;
  name?: string;
  values?: unknown[];
}

/**
 * Names every statement that has parameters, so that each connection parses and plans it once. Fermata uses a fixed set
 * of statements, and planning one over the partitioned change log costs more than running it. All connections of a pool
 * use the same names. Statements with `PLANNED_EACH_TIME` get no name. Requires direct connections, or a pooler that
 * supports prepared statements.
 */
export function createStatementNames(): (client: ClientBase) => void {
  const names = new Map<string, string>();
  const nameOf = (text: string): string | undefined => {
    const known = names.get(text);
    if (known !== undefined || names.size >= LIMIT || text.includes(MARK)) return known;
    const name = `fermata_${names.size}`;
    names.set(text, name);
    return name;
  };
  return (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    const named = (config: unknown, values?: unknown, ...rest: unknown[]): unknown => {
      if (!isConfig(config) || config.name !== undefined) return query(config, values, ...rest);
      const given = Array.isArray(values) ? values : config.values;
      if (given === undefined || given.length === 0) return query(config, values, ...rest);
      const name = nameOf(config.text);
      return query(name === undefined ? config : { ...config, name }, values, ...rest);
    };
    client.query = named as typeof client.query;
  };
}

function isConfig(value: unknown): value is QueryConfig {
  return typeof value === 'object' && value !== null && 'text' in value && typeof value.text === 'string';
}
