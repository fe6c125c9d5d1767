import { NO_MASK } from '../../domain/secrets/mask-values';
import { outcomeOf } from './script-outcome';

const ended = { exitCode: 0, stdout: '', stderr: '', result: '', durationMs: 1, timedOut: false };

it.each(['5', 'null', '[]', '"text"', '{"error": 3}', '{', 'x'])(
  'a script that writes %s to the result descriptor fails',
  (result) => expect(outcomeOf({ ...ended, result }, NO_MASK, undefined).error).toContain('not JSON'),
);

it('has no exit code for a script that could not be parsed', () => {
  const outcome = outcomeOf({ ...ended, exitCode: 1, result: '{"unreadable":"it is no script"}' }, NO_MASK, undefined);
  expect(outcome).toMatchObject({ exitCode: null, error: 'The script cannot be read: it is no script' });
});

it('contains the reason for a crash of Node instead of the last line of its stack', () => {
  const stderr = 'FATAL ERROR: Reached heap limit\n----- Native stack trace -----\n 1: 0xb78db3 node::OOM\n';
  expect(outcomeOf({ ...ended, exitCode: 134, stderr }, NO_MASK, undefined).error).toBe(
    'The script ended with exit code 134: Reached heap limit',
  );
});

it('contains the error of a program of Node instead of its stack and version', () => {
  const stderr =
    'file:///a.mjs:1\nthrow 1;\n^\n\nRangeError: too far\n    at main (a.mjs:7:3)\n    at b.mjs:1:1\n\nNode.js v22.1.0\n';
  expect(outcomeOf({ ...ended, exitCode: 1, stderr }, NO_MASK, undefined).error).toBe(
    'The script ended with exit code 1: RangeError: too far',
  );
});

it('lists omitted variables at the end of standard error', () => {
  const { stderr, error } = outcomeOf({ ...ended, exitCode: 3, stderr: 'no such thing' }, NO_MASK, 'FERMATA_VAR_BIG');
  expect(stderr).toBe('no such thing\n[left out of the environment, which was full: FERMATA_VAR_BIG]\n');
  expect(error).toBe('The script ended with exit code 3: no such thing');
});
