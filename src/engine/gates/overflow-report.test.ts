import { createLogger } from '../../log';
import { createOverflowReport } from './overflow-report';

const automation = (level: 'silent' | 'info' | 'warning' | 'error', id = level) => ({
  ...{ id, name: id, mode: 'queued' as const, max_exceeded: level },
});

/** Returns a logger that records its lines. */
function recorder() {
  const lines: { level: string; dropped: number; message: string }[] = [];
  const log = createLogger({ level: 'silent', name: 'test' });
  for (const level of ['info', 'warn', 'error'] as const) {
    log[level] = ((facts: { dropped: number }, message: string) => {
      lines.push({ level, dropped: facts.dropped, message });
    }) as typeof log.info;
  }
  return { log, lines };
}

test.each([
  ['silent', []],
  ['info', ['info']],
  ['warning', ['warn']],
  ['error', ['error']],
] as const)('max_exceeded %s is the level of the log line, and every dropped run is counted', (level, levels) => {
  const { log, lines } = recorder();
  const modes: string[] = [];
  const report = createOverflowReport({ log, onDropped: (mode) => modes.push(mode) });
  report.dropped(automation(level), '10 of at most 10 runs are active.');
  report.stop();
  expect(lines.map((line) => line.level)).toEqual(levels);
  expect(modes).toEqual(['queued']);
});

test('a burst of an automation causes two log lines: one immediately, and one with the number of further dropped runs', () => {
  const { log, lines } = recorder();
  const report = createOverflowReport({ log, onDropped: () => undefined });
  for (let n = 0; n < 500; n += 1) report.dropped(automation('warning'), 'full');
  report.dropped(automation('error'), 'full');
  report.stop();
  expect(lines.map(({ level, dropped }) => `${level} ${dropped}`)).toEqual(['warn 1', 'error 1', 'warn 499']);
  expect(lines[0]?.message).toBe('events started no run: full');
});
