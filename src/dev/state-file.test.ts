import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild } from '../os/child';
import { acquireStateFile, AlreadyRunning, readRunningDev } from './state-file';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fermata-home-'));
});
afterEach(() => rmSync(home, { recursive: true }));

const writeState = (state: object) => writeFileSync(join(home, 'dev.json'), JSON.stringify(state));

it('refuses a second owner, and names the process and URLs of the first', () => {
  const first = acquireStateFile(home);
  first.recordUrls({ API: 'http://127.0.0.1:8080' });
  expect(() => acquireStateFile(home)).toThrow(AlreadyRunning);
  expect(() => acquireStateFile(home)).toThrow(new RegExp(`process ${process.pid}[^]*http://127.0.0.1:8080`));
  expect(readRunningDev(home)?.urls).toEqual({ API: 'http://127.0.0.1:8080' });
  first.release();
  expect(readRunningDev(home)).toBeUndefined();
  expect(() => acquireStateFile(home)).not.toThrow();
});

it('makes an existing directory readable only by its owner', () => {
  chmodSync(home, 0o755);
  acquireStateFile(home).release();
  expect(statSync(home).mode & 0o777).toBe(0o700);
});

it('takes over from an owner that no longer runs, and lists its child processes that still run', async () => {
  const child = await startChild({ command: 'sleep', args: ['30'], onLine: () => undefined });
  const before = acquireStateFile(home);
  before.recordChild('api', child.pid);
  const state = JSON.parse(readFileSync(join(home, 'dev.json'), 'utf8')) as { owner: object; children: object[] };
  const gone = { name: 'worker', pid: 999_999_999, startedAt: 'x' };
  writeState({
    ...state,
    owner: { pid: process.pid, startedAt: 'an earlier process' },
    children: [...state.children, gone],
  });
  expect(acquireStateFile(home).leftBehind).toMatchObject([{ name: 'api', pid: child.pid }]);
  await child.stop('SIGKILL', 1_000);
});

it('starts even if a file was truncated', () => {
  writeFileSync(join(home, 'dev.json'), '{"owner": {');
  expect(acquireStateFile(home).leftBehind).toEqual([]);
});
