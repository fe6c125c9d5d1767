import type { Artifact, Run, RunDetail, Step } from '../client/answers';
import { conditionLines } from './condition-lines';
import { paint, plain, toneOf } from './paint';
import { cut, cutBefore } from './table';
import { durationText, elapsedMs, instantText, offsetText } from './time-text';

interface TimelineOptions {
  colours: boolean;
  /** Width of the terminal in columns. If undefined, lines may have any length. */
  width: number | undefined;
}

const MARKS = new Map([
  ['success', '✓'],
  ['failed', '✗'],
  ['running', '▶'],
  ['waiting', '⏳'],
  ['skipped', '–'],
  ['cancelled', '⊘'],
]);
const OFFSET_WIDTH = 9;
const LABEL_WIDTH = 44;

/** Returns a run as text: its head, each step with its time and result, and how it ended. */
export function renderRun({ run, steps, artifacts }: RunDetail, options: TimelineOptions): string {
  return [
    ...runHead(run, options),
    ...(steps.length === 0 ? [] : [...steps.flatMap((step) => stepLines(step, run, { ...options, artifacts })), '']),
    runEnd(run, options),
  ].join('\n');
}

/** Returns lines that show what the run is and what started it. */
export function runHead(run: Run, { colours }: TimelineOptions): string[] {
  const facts: [string, string | null | undefined][] = [
    ['automation', `${plain(run.automationName)} (version ${run.version})`],
    ['trigger', triggerText(run)],
    ['about', run.contextName == null ? run.contextKey : `${run.contextName} (${run.contextKey ?? ''})`],
    ['retries', run.parentRunId == null ? undefined : `run ${run.parentRunId}`],
    ...run.retriedBy.map(({ id, status }): [string, string] => ['retried by', `run ${id} (${status})`]),
    ['caused by', run.causedBy == null ? undefined : `run ${run.causedBy}`],
    ['started', run.startedAt == null ? 'not yet' : `${instantText(run.startedAt)} UTC`],
    ['Web UI', run.webUiUrl],
  ];
  const lines = facts.flatMap(([name, value]) =>
    value == null ? [] : [`  ${paint(name.padEnd(10), 'quiet', colours)}  ${plain(value)}`],
  );
  return [paint(`Run ${run.id}`, 'strong', colours), ...lines, ''];
}

function triggerText({ triggerId, triggerEvent, customType }: Run): string {
  if (triggerEvent == null) return triggerId == null ? 'started manually' : triggerId;
  const event = customType ?? triggerEvent;
  return triggerId == null ? event : `${triggerId} (${event})`;
}

/**
 * Returns the lines for one step. The first line contains its time, name and duration. Further lines contain its
 * result, the parts of its conditions, its failed attempts and its error, if there are any.
 */
export function stepLines(
  step: Step,
  run: Pick<Run, 'startedAt'>,
  options: TimelineOptions & { artifacts?: readonly Artifact[] },
): string[] {
  const { colours, width, artifacts = [] } = options;
  const takenOver = isTakenOver(step);
  const since = takenOver ? undefined : elapsedMs(run.startedAt, step.startedAt);
  const took = elapsedMs(step.startedAt, step.finishedAt);
  const label = '  '.repeat(depthOf(step.path)) + plain(labelOf(step));
  const about = [
    step.status === 'success' ? undefined : step.status,
    took === undefined ? undefined : durationText(took),
    takenOver ? 'by the retried run' : undefined,
    step.attempts > 1 ? `${step.attempts} attempts` : undefined,
  ].filter((part) => part !== undefined);
  const used = OFFSET_WIDTH + 5 + Math.max(LABEL_WIDTH, label.length) + 2 + about.join(', ').length + 2;
  const place = width === undefined ? step.path : cutBefore(step.path, Math.max(12, width - used));
  const line = [
    paint((since === undefined ? '' : offsetText(Math.max(0, since))).padStart(OFFSET_WIDTH), 'quiet', colours),
    paint(MARKS.get(step.status) ?? '·', toneOf(step.status), colours),
    label.padEnd(LABEL_WIDTH),
    paint([place, ...about].join(', '), 'quiet', colours),
  ].join('  ');
  const indent = ' '.repeat(OFFSET_WIDTH + 5 + 2 * depthOf(step.path));
  const room = width === undefined ? Infinity : Math.max(20, width - indent.length);
  const result = outcomeText(step, artifacts);
  return [
    line,
    ...(result === '' ? [] : [indent + paint(cut(result, room), 'quiet', colours)]),
    ...conditionLines(step.trace, indent, { colours, width }),
    ...attemptLines(step).map((text) => indent + paint(cut(text, room), 'quiet', colours)),
    ...(step.error == null ? [] : [indent + paint(plain(errorText(step.error)), 'bad', colours)]),
  ];
}

/** Returns lines for the failed attempts before the last one and, for a failed step, its configuration. */
function attemptLines({ status, attempts, config, failedAttempts = [] }: Step): string[] {
  const earlier = failedAttempts.filter(({ no }) => status !== 'failed' || no < attempts);
  const sent = status === 'failed' && config != null ? [`config: ${resultText(config)}`] : [];
  const lines = earlier.map(({ no, tookMs, code, message }) => {
    const took = tookMs == null ? '' : ` after ${durationText(tookMs)}`;
    return `attempt ${no} failed${took}: ${plain(message)} [${plain(code)}]`;
  });
  return [...sent, ...lines];
}

/** Returns whether a step was performed by an earlier run, which this run retries. */
function isTakenOver({ trace }: Step): boolean {
  return typeof trace === 'object' && trace !== null && 'takenOverFrom' in trace;
}

/** Returns the nesting depth of a step. */
const depthOf = (path: string) => path.match(/\.(else|sequence|parallel)\[/g)?.length ?? 0;

function labelOf({ actionId, action, kind }: Step): string {
  const what = action ?? kind;
  return actionId == null ? what : `${what} · ${actionId}`;
}

/** Returns the fields of a step's result and artifact on one line. */
export function outcomeText({ actionId, result }: Step, artifacts: readonly Artifact[]): string {
  // A loop may have several artifacts with the same action id, which cannot be distinguished here.
  const named = actionId == null ? [] : artifacts.filter((artifact) => artifact.actionId === actionId);
  const [made] = named.length === 1 ? named : [];
  const whole = typeof result === 'object' && !Array.isArray(result) ? { ...result, ...made?.data } : result;
  return resultText(whole);
}

/** Returns the fields of a result on one line, or an empty string if there are none. */
export function resultText(result: unknown): string {
  if (result == null) return '';
  if (typeof result !== 'object' || Array.isArray(result)) return plain(valueText(result));
  const isSaid = (value: unknown) => value !== null && value !== '' && !(Array.isArray(value) && value.length === 0);
  const fields = Object.entries(result).filter(([, value]) => isSaid(value));
  return plain(fields.map(([name, value]) => `${name}: ${valueText(value)}`).join(', '));
}

const valueText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

/** Returns the code and message of the error of a run or step. */
export function errorText(error: Record<string, unknown>): string {
  const { code, message } = error;
  const text = typeof message === 'string' ? message : JSON.stringify(error);
  return typeof code === 'string' ? `${text} [${code}]` : text;
}

/** Returns how the run ended, or that it is still open. */
export function runEnd(run: Run, { colours }: TimelineOptions): string {
  const took = elapsedMs(run.startedAt, run.finishedAt);
  const parts = [
    paint(run.status, toneOf(run.status), colours),
    ...(took === undefined ? [] : [`after ${durationText(took)}`]),
    ...(run.endedBy == null ? [] : [plain(endText(run.endedBy))]),
    ...(run.error == null ? [] : [plain(errorText(run.error))]),
  ];
  return parts.join('  ');
}

function endText({ kind, path, reason }: Record<string, unknown>): string {
  const where = typeof path === 'string' ? ` at ${path}` : '';
  return `ended by ${String(kind)}${where}${typeof reason === 'string' && reason !== '' ? `: ${reason}` : ''}`;
}
