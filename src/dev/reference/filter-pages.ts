import { evaluate } from '../../domain/expressions/evaluate';
import type { FilterInfo } from '../../domain/expressions/filter-registry';
import { parseExpression } from '../../domain/expressions/parse';
import { fenced, page } from './registry-pages';

/** The time at which examples are evaluated. */
const NOW = new Date('2026-01-01T12:00:00.000Z');

/** Example expressions for each built-in filter. Their results are computed when the page is generated. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  abs: ['-3 | abs'],
  capitalize: ['"disk full" | capitalize'],
  contains: ['["db-1", "db-2"] | contains("db-2")', '"disk full" | contains("full")'],
  date: ['"2026-01-01T09:05:00Z" | date("yyyy-MM-dd HH:mm")'],
  days: ['2 | days'],
  default: ['null | default("unknown")', '"" | default("unknown")'],
  duration_since: ['"2026-01-01T11:55:00Z" | duration_since'],
  ends_with: ['"checkout-api" | ends_with("-api")'],
  first: ['["a", "b"] | first', '"abc" | first'],
  from_json: ['"[1, 2]" | from_json'],
  hours: ['2 | hours'],
  iso: ['0 | iso'],
  join: ['["db-1", "db-2"] | join', '["db-1", "db-2"] | join(" and ")'],
  json: ['["a", 1] | json'],
  last: ['["a", "b"] | last'],
  length: ['["a", "b"] | length', '"abc" | length'],
  lower: ['"DiskFull" | lower'],
  map: ['systems | map("id")'],
  max: ['[3, 5] | max', '3 | max(5)'],
  min: ['[3, 5] | min', '3 | min(5)'],
  minutes: ['10 | minutes'],
  not: ['"" | not'],
  older_than: ['"2026-01-01T11:45:00Z" | older_than(10 | minutes)'],
  replace: ['"db-1" | replace("-", "_")'],
  round: ['2.345 | round', '2.345 | round(2)'],
  sort: ['[3, 1, 2] | sort'],
  split: ['"a,b" | split', '"a b" | split(" ")'],
  starts_with: ['"checkout-api" | starts_with("checkout")'],
  trim: ['"  disk full " | trim'],
  truncate: ['"disk full on db-1" | truncate(9)'],
  unique: ['["a", "b", "a"] | unique'],
  upper: ['"critical" | upper'],
  urlencode: ['"a b/c" | urlencode'],
  where: ['systems | where("status", "unhealthy") | map("id")'],
};

const SCOPE = {
  systems: [
    { id: 'checkout', status: 'unhealthy' },
    { id: 'search', status: 'healthy' },
  ],
};

/**
 * Returns a map with a page for each filter. The keys are paths below `docs/reference`.
 * @throws {Error} for a filter without an example
 */
export function filterPages(filters: readonly FilterInfo[]): Map<string, string> {
  return new Map(filters.map((filter) => [`filters/${filter.name}.md`, filterPage(filter)]));
}

function filterPage({ name, description }: FilterInfo): string {
  const examples = EXAMPLES[name];
  if (examples === undefined)
    throw new Error(`The filter "${name}" has no example in src/dev/reference/filter-pages.ts`);
  const shown = examples.map(
    (source) => `${source}\n  → ${JSON.stringify(evaluate(parseExpression(source), SCOPE, { now: NOW }))}`,
  );
  const usesScope = examples.some((source) => source.startsWith('systems'));
  return page([
    `# ${name}`,
    `${description}.`,
    '## Example',
    ...(usesScope ? [`With \`systems\` being \`${JSON.stringify(SCOPE.systems)}\`:`] : []),
    fenced('', shown.join('\n')),
  ]);
}
