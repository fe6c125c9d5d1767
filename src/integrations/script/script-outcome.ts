import { parseJson } from '../../domain/exact-json';
import type { Mask } from '../../domain/secrets/mask-values';
import type { ProcessResult } from './run-process';

/** How a script ended. */
export interface ScriptOutcome extends Omit<ProcessResult, 'result' | 'stopped'> {
  /** Return value of a `run_script` script. */
  result?: unknown;
  /** Why the script failed. Absent if it succeeded. */
  error?: string;
}

/**
 * Returns the outcome of a script. `omitted` names the values that did not fit into its environment; `stderr` ends with
 * a note about them.
 */
export function outcomeOf(
  { result, stopped, ...ended }: ProcessResult,
  mask: Mask,
  omitted: string | undefined,
): ScriptOutcome {
  const answer = parsed(result);
  const own = 'result' in answer ? { result: answer.result } : {};
  const note = omitted === undefined ? '' : `[left out of the environment, which was full: ${omitted}]\n`;
  const stderr = note === '' || ended.stderr.endsWith('\n') || ended.stderr === '' ? ended.stderr : `${ended.stderr}\n`;
  const shared = { ...ended, stderr: stderr + note };
  if (answer.unreadable !== undefined)
    return { ...shared, exitCode: null, error: `The script cannot be read: ${answer.unreadable}` };
  if (ended.timedOut) return { ...shared, ...own, error: 'The script took too long and was killed.' };
  if (stopped !== undefined) return { ...shared, ...own, error: stopped };
  if (ended.exitCode === 0)
    return answer.error === undefined ? { ...shared, ...own } : { ...shared, error: answer.error };
  const last = mask(lastWord(ended.stderr));
  const how = ended.exitCode === null ? 'The script was killed' : `The script ended with exit code ${ended.exitCode}`;
  return { ...shared, ...own, error: answer.error ?? `${how}${last === '' ? '.' : `: ${last.slice(0, 500)}`}` };
}

/** Matches the lines with which Node ends an uncaught error: the stack and the version. */
const AFTER_ERROR = /^(\s+at .*|Node\.js v\S+)$/;

/**
 * Extracts the reason for a failure from standard error: the fatal error with which Node crashed, or else the last line
 * that is not part of a stack.
 */
function lastWord(stderr: string): string {
  const crash = /^FATAL ERROR: (.*)$/m.exec(stderr)?.[1];
  const said = (line: string) => line.trim() !== '' && !AFTER_ERROR.test(line);
  return crash ?? stderr.trimEnd().split('\n').findLast(said)?.trim() ?? '';
}

interface Answer {
  result?: unknown;
  error?: string;
  /** Why the script could not be parsed as JavaScript or TypeScript. No part of it has run. */
  unreadable?: string;
}

const UNREADABLE = 'The result of the script is larger than 1 MB, or is not JSON.';

/**
 * Parses the text from the result file descriptor. The text may be anything, because the script can also write to the
 * descriptor.
 */
function parsed(text: string): Answer {
  if (text === '') return {};
  try {
    const answer: unknown = parseJson(text);
    if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) return { error: UNREADABLE };
    const { error, unreadable } = answer as Record<string, unknown>;
    const isText = (value: unknown) => value === undefined || typeof value === 'string';
    return isText(error) && isText(unreadable) ? (answer as Answer) : { error: UNREADABLE };
  } catch {
    return { error: UNREADABLE };
  }
}
