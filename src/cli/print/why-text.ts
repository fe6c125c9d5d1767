import type { Alert, Candidate, ChangeDetail, Part, RunDetail, SourceRef } from '../client/answers';
import { plain } from './paint';
import { instantText } from './time-text';

type Change = ChangeDetail['change'];
type EffectRef = NonNullable<ChangeDetail['causes']['to']>[number];

/** Returns the events that triggers can receive from a change. For a custom event, returns its type. */
export function eventNames({ customType, events }: Pick<Change, 'customType' | 'events'>): readonly string[] {
  return customType == null ? events : [customType];
}

/** Returns a change on one line: its events, entity, time and sender. */
export function changeLine({ change, sender }: ChangeDetail): string {
  const { event, kind, id, changedFields } = change;
  const changed = changedFields.length === 0 ? 'removed' : `${changedFields.join(', ')} changed`;
  const what = eventNames(change).join(', ') || (event ?? changed);
  const from = sender.type === 'clock' ? 'the clock' : `${sender.type} "${sender.name}"`;
  return plain(`${what}  ${kind} ${id}  ${instantText(change.occurredAt)} UTC, from ${from}`);
}

/** Returns a short name of a change for use within a sentence: its events, and the kind and name of its entity. */
export function refText({ kind, id, name, customType, events }: SourceRef): string {
  const what = eventNames({ customType, events }).join(', ') || `${kind} changed`;
  return plain(`${what} of ${kind} ${name ?? id}`);
}

/** Returns a part that was true, with its actual value and, if it differs, the expected value. */
export function heldText({ expression, found, wanted }: Part): string {
  const subject = typeof wanted === 'boolean' ? expression : subjectOf(expression);
  const isSame = JSON.stringify(found) === JSON.stringify(wanted);
  return plain(`${subject} is ${valueText(found)}${isSame ? '' : `, wanted ${wantedText(wanted)}`}`);
}

/** Returns a change that another change led to, with the runs that it started. */
export function effectText({ runs, ...ref }: EffectRef): string {
  const started = runs.map(({ id, automationName }) => `run ${id} of "${automationName}"`).join(' and ');
  return plain(
    `It caused ${refText(ref)} (change ${ref.changeId})${started === '' ? '' : `, which started ${started}`}`,
  );
}

/** Returns why a change has not been routed, or undefined if it has been routed. */
export function routingProblem({ routedAt, failedAt, failure, changeId }: Change): string | undefined {
  if (failedAt !== null) {
    return plain(
      `It could not be routed and was set aside at ${instantText(failedAt)} UTC: ${failure ?? 'unknown error'}. ` +
        `POST /changes/${changeId}/retry routes it again.`,
    );
  }
  if (routedAt !== null) return undefined;
  return failure === null
    ? 'It has not been routed yet: no worker runs, or earlier changes are routed first.'
    : plain(`It has not been routed yet. The last try failed: ${failure}`);
}

/**
 * Returns one sentence that says why a candidate did or did not start a run. `run` is the started run, if it is still
 * kept.
 */
export function candidateSentence(candidate: Candidate, run?: RunDetail['run']): string {
  const { automationName, outcome } = candidate;
  const name = `"${automationName}"`;
  if (outcome === 'started') return plain(`${name} started run ${candidate.runId ?? ''}${runText(run)}`);
  if (outcome === 'dwell_armed') return plain(`${name} has not run yet: ${lower(candidate.detail)}`);
  return plain(`${name} did not run: ${reasonOf(candidate)}`);
}

function reasonOf(candidate: Candidate): string {
  const { outcome, detail, deciding, triggerId, note } = candidate;
  const why = deciding === undefined ? (detail ?? outcome) : `${decidingText(deciding)}${note ? ` (${note})` : ''}`;
  switch (outcome) {
    case 'config':
      return `the config of trigger "${triggerId}" does not match: ${lower(why)}`;
    case 'filter':
      return `the filter of trigger "${triggerId}" was false: ${why}`;
    case 'condition':
      return `${conditionName(deciding)} was false: ${why}`;
    case 'error':
      return detail ?? 'an error without a message';
    case 'trigger_disabled':
      return `its trigger "${triggerId}" was disabled`;
    case 'already_running':
      return `${lower(detail)} Its mode starts one run at a time.`;
    case 'max_runs':
      return `${lower(detail)} More are dropped; mode "queued" with a larger max_runs keeps them.`;
    default:
      return lower(detail ?? outcome);
  }
}

/** Returns a readable name of a condition: `condition 2 (or[0])` for the path `conditions[1].or[0]`. */
function conditionName(deciding: Part | undefined): string {
  const [, index, rest = ''] = /^conditions\[(\d+)\]\.?(.*)$/.exec(deciding?.path ?? '') ?? [];
  if (index === undefined) return 'a condition';
  return `condition ${Number(index) + 1}${rest === '' ? '' : ` (${rest})`}`;
}

/** Returns the left side of a comparison, or the whole expression. */
const subjectOf = (expression: string): string => COMPARISON.exec(expression)?.[1] ?? expression;

const COMPARISON = /^(.+?)(?:\s*(?:==|!=|<=|>=|<|>)\s*|\s+in\s+).+$/;

/**
 * Returns a part that was false, with its actual value and the expected value. The expected value is left out if it is
 * a boolean and the actual value is its opposite. `fermata why` and `fermata dry-run` show the same text.
 */
export function decidingText({ expression, found, wanted }: Part): string {
  const isBoolean = typeof wanted === 'boolean';
  const subject = isBoolean ? expression : subjectOf(expression);
  const is = `${subject} is ${valueText(found)}`;
  return isBoolean && found === !wanted ? is : `${is}, wanted ${wantedText(wanted)}`;
}

const valueText = (value: unknown): string => JSON.stringify(value) ?? 'nothing';

/** Returns an expected value as text: `> 5`, `above 8 and below 20`, `one of ["a","b"]`, or the value as JSON. */
export function wantedText(wanted: unknown): string {
  if (typeof wanted !== 'object' || wanted === null) return valueText(wanted);
  const entries = Object.entries(wanted);
  const isBounds = entries.length > 0 && entries.every(([key]) => key === 'above' || key === 'below');
  if (isBounds) return entries.map(([key, value]) => `${key} ${valueText(value)}`).join(' and ');
  const [only] = entries;
  if (only === undefined || entries.length > 1) return valueText(wanted);
  const [operator, value] = only;
  if (operator === 'not') return `anything but ${valueText(value)}`;
  if (operator === 'one_of') return `one of ${valueText(value)}`;
  return /^[=!<>~]+$/.test(operator) ? `${operator} ${valueText(value)}` : valueText(wanted);
}

function runText(run: RunDetail['run'] | undefined): string {
  if (run === undefined) return ', which is no longer kept';
  const { status, error, endedBy } = run;
  const failure = error == null ? '' : ` at ${textOf(error['path'])}: ${textOf(error['message'])}`;
  if (status === 'failed') return `, which failed${failure}`;
  if (status === 'cancelled') return `, which was cancelled: ${textOf(endedBy?.['reason'] ?? endedBy?.['kind'])}`;
  if (status === 'success' && endedBy?.['kind'] === 'condition') {
    return `, which ended at the condition ${textOf(endedBy['path'])}`;
  }
  if (status === 'success' && endedBy?.['kind'] === 'stop')
    return `, which ended at the stop ${textOf(endedBy['path'])}`;
  return status === 'success' ? ', which succeeded' : `, which is ${status}`;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : valueText(value ?? null));

/** Returns the text for an alert that did not change within `since`, e.g. `24h`. */
export function repeatText(alert: Alert, since: string): string {
  const name = alert.name ?? alert.fingerprint;
  const began = instantText(alert.endsAt ?? alert.startsAt);
  const newest = instantText(alert.lastReceivedAt);
  return plain(
    `Alert "${name}" (${alert.fingerprint}) has been ${alert.status} since ${began} UTC. It did not change in the last ` +
      `${since}. Repeats that started nothing: ${alert.repeats}, the newest at ${newest} UTC.`,
  );
}

/** Returns a message with a lower-case first letter, to continue a sentence. */
const lower = (text: string | null | undefined): string =>
  text == null ? '' : /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
