import { createLogger } from './log';

function logged(format: 'json' | 'text', colours = false) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  return { lines, log: createLogger({ level: 'info', name: 'api', format, destination, colours }) };
}

it('writes JSON lines with level names and ISO times for machines', () => {
  const { lines, log } = logged('json');
  log.info({ runId: 'r1' }, 'started');
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
    name: 'api',
    runId: 'r1',
    msg: 'started',
  });
});

it('writes one-liners for people', () => {
  const { lines, log } = logged('text');
  log.warn({ runId: 'r1', reason: 'two words' }, 'late');
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d warn late runId=r1 reason="two words"\n$/);
});

it('shows the message of an error below error level, and the stack from there on', () => {
  const { lines, log } = logged('text');
  log.warn({ err: new Error('boom') }, 'retrying');
  log.error({ err: new Error('boom') }, 'gave up');
  expect(lines[0]).toMatch(/retrying \(boom\)\n$/);
  expect(lines[1]).toMatch(/gave up Error: boom\n\s+at /);
});

it('drops what is below its level', () => {
  const { lines, log } = logged('text');
  log.debug('noise');
  expect(lines).toEqual([]);
});
