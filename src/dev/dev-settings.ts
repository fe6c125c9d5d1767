import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { projectRoot } from '../project-root';

const port = z.number().int().min(1).max(65_535);
const SEARCH_ATTRIBUTE_TYPES = ['Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'] as const;

const TemporalDevSettings = z.strictObject({
  ip: z.ipv4(),
  port,
  uiPort: port,
  namespace: z.string().min(1),
  /** Database file, relative to the state directory. */
  database: z.string().min(1),
  searchAttributes: z.record(z.string().regex(/^[A-Z]\w*$/), z.enum(SEARCH_ATTRIBUTE_TYPES)),
  sqlitePragmas: z.record(z.string(), z.union([z.string(), z.number()])),
  dynamicConfig: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

/** Settings of the dev server in `temporal-dev.yml`. */
export type TemporalDevSettings = z.infer<typeof TemporalDevSettings>;

/**
 * Reads `temporal-dev.yml`.
 * @throws {Error} naming every invalid path in it
 */
export function readTemporalDevSettings(file = join(projectRoot(), 'temporal-dev.yml')): TemporalDevSettings {
  const parsed = TemporalDevSettings.safeParse(parse(readFileSync(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${file} is not valid:\n${z.prettifyError(parsed.error)}`);
}

/** Settings that may differ between starts. */
interface DevServerPlaces {
  port: number;
  /** Port of the Web UI. If undefined, there is no Web UI. */
  uiPort: number | undefined;
  /** Database file. If undefined, the database is in memory. */
  databaseFile: string | undefined;
}

/** Returns the arguments of the `temporal` command for these settings. */
export function devServerArguments(settings: TemporalDevSettings, places: DevServerPlaces): string[] {
  const { ip, namespace, searchAttributes, sqlitePragmas, dynamicConfig } = settings;
  const { port, uiPort, databaseFile } = places;
  return [
    ...['server', 'start-dev', '--ip', ip, '--port', String(port), '--namespace', namespace],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-port', String(uiPort)]),
    ...(databaseFile === undefined ? [] : ['--db-filename', databaseFile, ...pairs('--sqlite-pragma', sqlitePragmas)]),
    ...pairs('--search-attribute', searchAttributes),
    ...pairs('--dynamic-config-value', mapValues(dynamicConfig, JSON.stringify)),
    ...['--log-level', 'error', '--output', 'none', '--disable-config-file', '--disable-config-env'],
  ];
}

const pairs = (flag: string, record: Record<string, string | number>) =>
  Object.entries(record).flatMap(([name, value]) => [flag, `${name}=${value}`]);

const mapValues = <T, U>(record: Record<string, T>, fn: (value: T) => U) =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, fn(value)]));
