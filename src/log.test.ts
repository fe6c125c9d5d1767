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

it('writes single lines for people', () => {
  const { lines, log } = logged('text');
  log.warn({ runId: 'r1', reason: 'two words' }, 'late');
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d warn late runId=r1 reason="two words"\n$/);
});

it('shows only the message of an error below the level error, and the stack from that level on', () => {
  const { lines, log } = logged('text');
  log.warn({ err: new Error('boom') }, 'retrying');
  log.error({ err: new Error('boom') }, 'gave up');
  expect(lines[0]).toMatch(/retrying \(boom\)\n$/);
  expect(lines[1]).toMatch(/gave up Error: boom\n\s+at /);
});

it('drops entries below its level', () => {
  const { lines, log } = logged('text');
  log.debug('noise');
  expect(lines).toEqual([]);
});

it('escapes control characters in messages, fields and errors', () => {
  const { lines, log } = logged('text');
  const text = 'x\x1b[2J\x9b31m\u202e\n12:00:00 an admin signed in';
  log.warn({ name1: 'a\x1b[31m', name2: text, err: new Error(text) }, text);
  log.error({ err: new Error(text) }, 'gave up');
  for (const line of lines) expect(line).not.toMatch(/[\x1b\x9b\u202e]/);
  expect(lines[0]).toMatch(/^[^\n]*name1=a\\u001b\[31m[^\n]*\n$/);
  expect(lines[1]).toMatch(/\n {4}12:00:00 an admin signed in\n {4}at /);
});
