import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devServerArguments, readTemporalDevSettings } from './dev-settings';
import { SEARCH_ATTRIBUTE_NAMES } from '../temporal/search-attributes';

it('describes a server that dispatches tasks immediately and registers the search attributes of runs', () => {
  const settings = readTemporalDevSettings();
  expect(settings.dynamicConfig).toMatchObject({
    'history.transferProcessorMaxPollRPS': 2000,
    'history.timerProcessorMaxPollRPS': 2000,
  });
  expect(settings.sqlitePragmas).toMatchObject({ journal_mode: 'WAL', synchronous: 'NORMAL' });
  expect(Object.keys(settings.searchAttributes).sort()).toEqual([...SEARCH_ATTRIBUTE_NAMES].sort());
});

it('turns the description into arguments of the temporal command', () => {
  const settings = readTemporalDevSettings();
  const args = devServerArguments(settings, { port: 1, uiPort: 2, databaseFile: '/x.db' }).join(' ');
  expect(args).toMatch(
    /^server start-dev --ip 127\.0\.0\.1 --port 1 --namespace default --ui-port 2 --db-filename \/x\.db/,
  );
  expect(args).toContain('--sqlite-pragma journal_mode=WAL');
  expect(args).toContain('--search-attribute FermataRunId=Keyword');
  expect(args).toContain('--dynamic-config-value history.timerProcessorMaxPollRPS=2000');
});

it('omits database options for an in-memory server', () => {
  const args = devServerArguments(readTemporalDevSettings(), { port: 1, uiPort: undefined, databaseFile: undefined });
  expect(args).toContain('--headless');
  expect(args.join(' ')).not.toMatch(/sqlite|db-filename/);
});

it('reports errors in a description', () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-yml-'));
  const file = join(directory, 'temporal-dev.yml');
  writeFileSync(file, 'ip: 127.0.0.1\nport: many\nextra: 1\n');
  expect(() => readTemporalDevSettings(file)).toThrow(/port/);
  expect(() => readTemporalDevSettings(file)).toThrow(/extra/);
  rmSync(directory, { recursive: true });
});
